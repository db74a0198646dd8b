"""The program that nodes run, sent over ssh: here, ssh runs it on this machine, with its file in a test's folder."""

import os
from pathlib import Path

import pytest

from slurm_appliance.site import nodes
from slurm_appliance.ssh.known_hosts import SshHost

#: The folder of the record, in the program's text.
FOLDER = '"/run/slurm-appliance/site.json"'


def host(name: str, user: str = "debian") -> SshHost:
    return SshHost(name, f"address-of-{name}", 22, user, ("-o", "UserKnownHostsFile=none"), "s i")


@pytest.fixture(autouse=True)
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record that the program uses; hosts called ``away`` do not answer, and ``odd`` ones not in JSON."""
    programs, record = tmp_path / "bin", tmp_path / "run" / "site.json"
    programs.mkdir()
    (programs / "ssh").write_text(
        "#!/bin/sh\n"
        "for word; do before=$to to=$last last=$word; done\n"
        'case $to in *away*) exit 255 ;; *odd*) echo "hello"; exit ;; esac\n'
        'exec sh -c "$last"\n'
    )
    (programs / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n')
    for path in programs.iterdir():
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    program = tmp_path / "program.py"
    text = nodes.PROGRAM.read_text()
    assert FOLDER in text
    program.write_text(text.replace(FOLDER, f'"{record}"'))
    monkeypatch.setattr(nodes, "PROGRAM", program)
    return record


@pytest.mark.parametrize("user", ["debian", "root"])
def test_a_record_is_written_and_read(called: Path, user: str) -> None:
    hosts = {"login": host("login", user)}
    (first,) = nodes.read(hosts).values()
    assert first is not None
    assert (first.facts, first.parts) == ("", {})
    (written,) = nodes.write(hosts, {"login": first.record({"motd": 'it\'s $1 "x"'}, "run")}).values()
    assert written == nodes.read(hosts)["login"]
    assert written is not None
    assert (written.facts, written.parts) == ("run", {"motd": 'it\'s $1 "x"'})
    assert called.stat().st_mode & 0o777 == 0o600


def test_a_node_that_does_not_answer_says_nothing() -> None:
    said = nodes.read({name: host(name) for name in ("away", "odd", "login")})
    assert [name for name, state in said.items() if state is None] == ["away", "odd"]


def test_only_nodes_with_a_record_are_written(called: Path) -> None:
    assert nodes.write({"login": host("login"), "away": host("away")}, {"login": {}}).keys() == {"login"}
    assert called.read_text() == "{}"
