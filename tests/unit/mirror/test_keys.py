import base64
import subprocess
from pathlib import Path

import pytest

from mirror.errors import MirrorConfigError
from mirror.keys import armored, signature_fault

#: Not a key, but it begins as one does.
PACKET = bytes([0x99, 0x01, 0x0D, 0x04]) + bytes(range(200))
ARMORED = (
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: made by hand\n\n"
    + base64.encodebytes(PACKET).decode()
    + "=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
)


def test_a_key_in_bytes_becomes_text(tmp_path: Path) -> None:
    file = tmp_path / "key.gpg"
    file.write_bytes(PACKET)
    lines = armored(file).splitlines()
    assert lines[0] == "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    assert lines[-1] == "-----END PGP PUBLIC KEY BLOCK-----"
    assert base64.b64decode("".join(lines[2:-1])) == PACKET


def test_a_key_in_text_stays_as_it_is_but_for_its_ends(tmp_path: Path) -> None:
    file = tmp_path / "key.asc"
    file.write_text(f"\n{ARMORED}\n")
    assert armored(file) == ARMORED.strip()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        ARMORED.replace("PUBLIC", "PRIVATE").encode(),
        ARMORED.replace("-----END", "").encode(),
        ARMORED.replace("mQ", "?!").encode(),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.asc"
    file.write_bytes(content)
    with pytest.raises(MirrorConfigError) as caught:
        armored(file)
    [problem] = caught.value.problems
    assert problem.startswith(f"gpg_key: {file} ")


def test_gpgv_is_asked_about_a_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.asc"
    file.write_text(ARMORED)
    seen: list[tuple[bytes, bytes, bytes]] = []

    def gpgv(command: list[str | Path], **_: object) -> "subprocess.CompletedProcess[str]":
        keyring, signature, content = (Path(word).read_bytes() for word in command[-3:])
        seen.append((keyring, signature, content))
        return subprocess.CompletedProcess(command, 1 if content == b"bad" else 0, "", "gpgv: BAD signature\n")

    monkeypatch.setattr(subprocess, "run", gpgv)
    assert signature_fault(file, b"seal", b"good") == ""
    assert signature_fault(file, b"seal", b"bad") == "gpgv: BAD signature"
    assert seen == [(PACKET, b"seal", b"good"), (PACKET, b"seal", b"bad")]
