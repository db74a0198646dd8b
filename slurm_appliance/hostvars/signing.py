"""The stack's key for signing compute nodes' bundles, and its signatures in OpenSSH's format, made in this process.

The format is OpenSSH's PROTOCOL.sshsig; nodes check it with ssh-keygen. ``node/compute_init/signature.py`` says what is
signed.
"""

import base64
import hashlib
import json
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.compute_init.signature import NAMESPACE, SCHEMA
from slurm_appliance.hostvars.errors import HostVariablesError

_KIND = b"ssh-ed25519"
_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4, "big")
_HASH = b"sha512"


class SigningKey:
    """An Ed25519 key.

    Args:
        secret: base64 of the 32 bytes that it is made from, as the stack keeps them.

    Attributes:
        public: the public part, as OpenSSH writes it and the nodes' metadata has it.

    Raises:
        HostVariablesError: the secret is something else.
    """

    def __init__(self, secret: str) -> None:
        try:
            self._private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret, validate=True))
        except ValueError as error:
            raise HostVariablesError(
                "the secret bundle_signing_key is not base64 of 32 bytes",
                remedy="generate it again: ./slurm-appliance secrets rotate bundle_signing_key",
            ) from error
        self._blob = _string(_KIND) + _string(self._private.public_key().public_bytes_raw())
        self.public = f"{_KIND.decode()} {base64.b64encode(self._blob).decode()}"

    def signed(self, bundle: bytes, *, node: str, instance_id: str, serial: int) -> bytes:
        """The content of a node's bundle.signed.

        Args:
            bundle: the content of its bundle.json.
            node: its name.
            instance_id: its server.
            serial: when the bundle is made, in seconds since 1970.
        """
        statement = {
            "schema": SCHEMA,
            "node": node,
            "instance_id": instance_id,
            "serial": serial,
            "bundle": hashlib.sha256(bundle).hexdigest(),
        }
        text = (json.dumps(statement) + "\n").encode()
        return text + self.signature(text, NAMESPACE)

    def signature(self, message: bytes, namespace: str) -> bytes:
        """An armored signature, as ``ssh-keygen -Y sign`` makes it."""
        about = _string(namespace.encode()) + _string(b"") + _string(_HASH)
        made = self._private.sign(_MAGIC + about + _string(hashlib.sha512(message).digest()))
        blob = _MAGIC + _VERSION + _string(self._blob) + about + _string(_string(_KIND) + _string(made))
        lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def _string(content: bytes) -> bytes:
    """A string as the SSH protocol has it."""
    return len(content).to_bytes(4, "big") + content
