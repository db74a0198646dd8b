"""OpenPGP public keys in files, armored or not: as text for Pulp, as bytes for gpgv."""

import base64
import binascii
import subprocess
import tempfile
from pathlib import Path

from mirror.errors import MirrorConfigError

_BEGIN = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_END = "-----END PGP PUBLIC KEY BLOCK-----"

#: The first byte of a public-key packet in the old and new packet formats (RFC 9580, 4.2).
_PUBLIC_KEY_PACKET = frozenset({0x98, 0x99, 0x9A, 0xC6})


def armored(file: Path) -> str:
    """The key as text without surrounding white space, which Pulp would remove.

    Raises:
        MirrorConfigError: the file contains no public key.
    """
    content = file.read_bytes()
    if content[:1] and content[0] in _PUBLIC_KEY_PACKET:
        text = base64.encodebytes(content).decode("ascii")
        return f"{_BEGIN}\n\n{text}{_END}"
    text = content.decode("ascii", errors="replace")
    if _BEGIN not in text or not _packets(text):
        raise MirrorConfigError([f"gpg_key: {file} contains no OpenPGP public key"], str(file))
    return text.strip()


def _packets(text: str) -> bytes:
    """The content of a text's armored blocks; empty if one of them is damaged."""
    packets = b""
    for block in text.split(_BEGIN)[1:]:
        body, end, _rest = block.partition(_END)
        # Headers end with an empty line; a line starting with '=' is the optional checksum.
        _headers, _empty, data = body.replace("\r", "").partition("\n\n")
        lines = [line for line in data.splitlines() if not line.startswith("=")]
        try:
            packets += base64.b64decode("".join(lines), validate=True)
        except binascii.Error:
            return b""
        if not end:
            return b""
    return packets


def signature_fault(key: Path, signature: bytes, content: bytes) -> str:
    """What is wrong with a detached signature, or empty if it is valid for the key.

    Args:
        key: a file with the public key.
        signature: armored or not.
        content: the signed content.
    """
    with tempfile.TemporaryDirectory(prefix="slurm-appliance-") as folder:
        keyring, signed, sealed = (Path(folder) / name for name in ("key.gpg", "content", "content.asc"))
        keyring.write_bytes(_packets(armored(key)))
        signed.write_bytes(content)
        sealed.write_bytes(signature)
        # gpgv is part of apt, so every Debian has it.
        ended = subprocess.run(
            ["gpgv", "--homedir", folder, "--keyring", keyring, sealed, signed],
            check=False,
            capture_output=True,
            text=True,
        )
    return ended.stderr.strip() if ended.returncode else ""
