"""The stack's signature on this node's bundle, checked before anything of the bundle is read.

``bundle.signed`` is a statement, one line of JSON, and below it an OpenSSH signature of exactly that line. The
statement says for which node and server the bundle is, when it was made, and the digest of bundle.json, which has the
digests of all other files. The public key is in the server's metadata; the private one never leaves the deploy host.
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
#: The form of the statement.
SCHEMA = 1
#: What signatures of bundles are made for: one that was made for another use is not taken.
NAMESPACE = "slurm-appliance-bundle"
#: Where the public key is in the server's metadata.
METADATA = "bundle_key"

_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}")
#: Who signs, in the words of ssh-keygen; there is only one.
_SIGNER = "stack"


class SignatureError(Exception):
    """Raised where there is no good signature of the stack's key; the text says what was found."""


@dataclass(frozen=True)
class Statement:
    """What the stack says about a bundle.

    Attributes:
        node: the name of the node that it is for.
        instance_id: its server.
        serial: when it was made, in seconds since 1970: an older one has a smaller one.
        bundle: SHA-256 of bundle.json.
    """

    node: str
    instance_id: str
    serial: int
    bundle: str


def is_key(text: str) -> bool:
    """Whether this is an Ed25519 public key as OpenSSH writes it, and nothing else."""
    return _KEY.fullmatch(text) is not None


def verify(document: bytes, key: str, program: str = "ssh-keygen") -> Statement:
    """The statement, if the signature below it was made with the stack's key. Nothing is parsed before that is known.

    Args:
        document: content of bundle.signed.
        key: the public key, as is_key() takes it.
        program: OpenSSH's ssh-keygen.

    Raises:
        SignatureError: it was not, or the statement has a form that this program does not know.
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
