"""The stack's signature of this node's bundle, verified before anything of the bundle is read.

``bundle.signed`` has a statement, one line of JSON, followed by an OpenSSH signature of exactly that line. The
statement has the node and server of the bundle, its creation time, and the digest of bundle.json, which has the digests
of all other files. The public key is in the server's metadata; the private key never leaves the deploy host.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: The name of the file.
FILE = "bundle.signed"
#: The schema of the statement.
SCHEMA = 1
#: The namespace of bundle signatures: signatures for another use are rejected.
NAMESPACE = "slurm-appliance-bundle"
#: The metadata key of the public key.
METADATA = "bundle_key"

_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}")
#: The only signer, as an identity for ssh-keygen.
_SIGNER = "stack"


class SignatureError(Exception):
    """Raised when there is no valid signature by the stack's key."""


@dataclass(frozen=True)
class Statement:
    """The stack's statement about a bundle.

    Attributes:
        node: the name of its node.
        instance_id: its server.
        serial: its creation time in seconds since 1970, which increases with each bundle.
        bundle: SHA-256 of bundle.json.
    """

    node: str
    instance_id: str
    serial: int
    bundle: str


def is_key(text: str) -> bool:
    """Whether this is exactly an Ed25519 public key in OpenSSH's format."""
    return _KEY.fullmatch(text) is not None


def verify(document: bytes, key: str, program: str = "ssh-keygen") -> Statement:
    """Verify the signature with the stack's key, then parse and return the statement.

    Args:
        document: content of bundle.signed.
        key: the public key, accepted by is_key().
        program: OpenSSH's ssh-keygen.

    Raises:
        SignatureError: the signature is invalid, or the statement has an unknown schema.
    """
    statement, begin, rest = document.partition(_BEGIN)
    if not begin:
        raise SignatureError(f"{FILE} has no signature")
    with tempfile.TemporaryDirectory(prefix="compute-init-") as name:
        folder = Path(name)
        (folder / "signers").write_text(f"{_SIGNER} {key}\n", encoding="ascii")
        (folder / "signature").write_bytes(begin + rest)
        command = [program, "-Y", "verify", "-n", NAMESPACE, "-I", _SIGNER]
        command += ["-f", str(folder / "signers"), "-s", str(folder / "signature")]
        try:
            ended = subprocess.run(command, input=statement, capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SignatureError(f"{program} cannot check {FILE}: {error}") from error
    if ended.returncode != 0:
        said = " ".join(ended.stderr.decode(errors="replace").split())[:200]
        raise SignatureError(f"{FILE} is not signed with the stack's key ({program}: {said})")
    return _parsed(statement)


def _parsed(statement: bytes) -> Statement:
    document = json.loads(statement)
    if document["schema"] != SCHEMA:
        raise SignatureError(
            f"{FILE} has schema {document['schema']!r}, this image reads {SCHEMA}: use matching image and site.yml"
        )
    return Statement(**{key: value for key, value in document.items() if key != "schema"})
