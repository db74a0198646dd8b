"""The stack's key for signing compute nodes' bundles, and its signatures in OpenSSH's format.

The format is OpenSSH's PROTOCOL.sshsig; nodes verify it with ssh-keygen. ``node/compute_init/signature.py`` describes
the signed content.
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
        secret: base64 of its 32 bytes, as in the stack.

    Attributes:
        public: the public part in OpenSSH's format, as in the nodes' metadata.

    Raises:
        HostVariablesError: the secret is malformed.
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
            serial: creation time of the bundle in seconds since 1970.
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
        """An armored signature, like that of ``ssh-keygen -Y sign``."""
        about = _string(namespace.encode()) + _string(b"") + _string(_HASH)
        made = self._private.sign(_MAGIC + about + _string(hashlib.sha512(message).digest()))
        blob = _MAGIC + _VERSION + _string(self._blob) + about + _string(_string(_KIND) + _string(made))
        lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def _string(content: bytes) -> bytes:
    """A string in the SSH protocol's encoding."""
    return len(content).to_bytes(4, "big") + content
