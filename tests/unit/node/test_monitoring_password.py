"""The hash of the password that opens the pages of Prometheus."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from node.monitoring_password import crypt, main, settings

#: Of Openwall's own tests of bcrypt.
_KNOWN = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"


def test_bcrypt_is_the_library_s() -> None:
    assert crypt("U*U", _KNOWN) == _KNOWN
    assert crypt("U*V", _KNOWN) != _KNOWN
    assert crypt("U*U", "no setting") == ""


def test_the_same_password_keeps_its_hash_and_another_has_another() -> None:
    first = settings("", "operator", "secret")
    kind = first.partition(": ")[2]

    assert first.startswith("basic_auth_users:\n  operator: $2b$10$")
    assert crypt("secret", kind.strip()) == kind.strip()
    assert settings(first, "operator", "secret") == first
    assert settings(first, "operator", "other") != first
    assert settings(first, "somebody", "secret").startswith("basic_auth_users:\n  somebody: ")


@pytest.mark.parametrize("there", ["rubbish", "basic_auth_users:\n  operator: none\n", "a: $2b$10$short\n"])
def test_what_is_no_such_file_is_replaced(there: str) -> None:
    assert settings(there, "operator", "secret").startswith("basic_auth_users:\n  operator: $2b$10$")


def test_the_program_prints_the_settings_that_the_role_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "web.yml"
    said = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
        assert main([str(path), "operator"]) == 0
        said.append(capsys.readouterr().out)
        path.write_text(said[-1])

    assert said[0] == said[1] == settings(said[0], "operator", "secret")
