"""Host keys from consoles: what is read, what is believed, what is forgotten."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from slurm_appliance.errors import ApplianceError
from slurm_appliance.ssh.console_keys import ConsoleHost, learn, printed_keys
from slurm_appliance.ssh.known_keys import KnownKeys
from toolchain.paths import REPOSITORY

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr"
ECDSA = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGLqkVk4P6xO9W0mtVZ5d4Yv1l0cJ2Yk3mJ8YqUQ"
    "5kqXl0Z0b3J5b3J5b3J5b3J5b3J5b3J5b3J5b3I="
)
OTHER = ED25519.replace("AvqWr", "Bwxyz")
HOST = ConsoleHost("demo-control", "10.0.0.10", 22, "server-1", "image-a")


def printed(*keys: str) -> str:
    lines = "".join(f"{key} root@demo-control\r\n" for key in keys)
    return f"[   12.3] boot\r\n-----BEGIN SSH HOST KEY KEYS-----\r\n{lines}-----END SSH HOST KEY KEYS-----\r\nlogin: "


@pytest.fixture
def known(tmp_path: Path) -> KnownKeys:
    return KnownKeys(tmp_path / "known_hosts")


def test_keys_are_read_from_a_console() -> None:
    assert printed_keys(printed(ED25519, ECDSA)) == [ED25519, ECDSA]


@pytest.mark.parametrize(
    "console", ["", "login:", "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAAC3NzaC1", printed("not a key")]
)
def test_a_console_without_them_or_not_with_all_yet(console: str) -> None:
    assert printed_keys(console) == []


def test_every_block_counts_once() -> None:
    assert printed_keys(printed(ED25519) + printed(OTHER) + printed(ED25519)) == [ED25519, OTHER]


def _asks(consoles: list[str]) -> Callable[[str], str]:
    remaining = iter(consoles)
    return lambda _server: next(remaining)


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_server_that_still_boots_is_waited_for(known: KnownKeys) -> None:
    lines: list[str] = []
    clock = Clock()
    silent = learn([HOST], known, _asks(["", "", printed(ED25519)]), lines.append, sleep=clock.sleep, clock=clock)
    assert silent == []
    assert known.path.read_text() == f"10.0.0.10 {ED25519}\n"
    assert lines == ["demo-control: 1 host keys from its console"]
    assert clock.now == 6


def test_a_server_that_prints_none_is_named(known: KnownKeys) -> None:
    lines: list[str] = []
    clock = Clock()
    silent = learn([HOST], known, lambda _server: "", lines.append, limit=10, sleep=clock.sleep, clock=clock)
    assert silent == ["demo-control"]
    assert lines == ["demo-control: no new host keys on its console within 10 s; trusting its key on first use"]
    assert not known.path.exists()


def test_a_server_that_is_known_is_not_asked(known: KnownKeys) -> None:
    known.add(HOST, [ED25519])
    assert learn([HOST], known, _asks([]), lambda _line: None) == []


def test_a_rebuilt_server_keeps_its_keys_and_gets_new_ones(known: KnownKeys) -> None:
    known.add(HOST, [ED25519])
    rebuilt = replace(HOST, image_id="image-b")
    assert known.unknown([rebuilt]) == [rebuilt]
    known.add(rebuilt, [OTHER])
    assert known.path.read_text().splitlines() == [f"10.0.0.10 {ED25519}", f"10.0.0.10 {OTHER}"]


#: What a console has before a rebuild: the keys of its first boot, of another image's, and the restored ones.
BEFORE = printed(ED25519) + printed(ECDSA) + printed(ED25519)


def test_the_console_of_before_a_rebuild_is_not_taken_for_the_new_boot_s(known: KnownKeys) -> None:
    clock = Clock()
    known.add(HOST, [ED25519, ECDSA])
    rebuilt = replace(HOST, image_id="image-b")
    consoles = [BEFORE, BEFORE, BEFORE + printed(OTHER)]

    assert learn([rebuilt], known, _asks(consoles), lambda _: None, sleep=clock.sleep, clock=clock) == []

    assert known.path.read_text().splitlines()[-1] == f"10.0.0.10 {OTHER}"
    assert clock.now == 6


def test_whoever_comes_later_knows_a_rebuilt_server_s_keys_at_once(known: KnownKeys) -> None:
    """Another operator has rebuilt it since, and site.yml has restored its keys."""
    clock = Clock()
    known.add(HOST, [ED25519])
    rebuilt = replace(HOST, image_id="image-b")
    console = printed(ED25519) + printed(OTHER) + printed(ED25519)

    assert learn([rebuilt], known, _asks([console]), lambda _: None, sleep=clock.sleep, clock=clock) == []

    assert {f"10.0.0.10 {key}" for key in (ED25519, OTHER)} == set(known.path.read_text().splitlines())
    assert clock.now == 0


def test_another_server_at_the_address_has_nothing_to_do_with_it(known: KnownKeys) -> None:
    known.add(replace(HOST, address="10.0.0.11", instance_id="server-2"), [ECDSA])
    known.add(HOST, [ED25519])
    known.add(replace(HOST, instance_id="server-9"), [OTHER])
    assert known.path.read_text().splitlines() == [f"10.0.0.11 {ECDSA}", f"10.0.0.10 {OTHER}"]


def test_other_ports_are_named_as_ssh_names_them(known: KnownKeys) -> None:
    known.add(replace(HOST, port=2222), [ED25519])
    assert known.path.read_text() == f"[10.0.0.10]:2222 {ED25519}\n"
    assert known.unknown([HOST]) == [HOST]


def test_a_cloud_that_cannot_be_asked_is_a_sentence(tmp_path: Path) -> None:
    host = {"name": "c-0", "address": "10.0.0.1", "port": 22, "instance_id": "s-1", "image_id": "i-1"}
    request = {"environment": "test", "cloud": "nowhere", "hosts": [host]}
    ended = subprocess.run(
        [sys.executable, "-m", "slurm_appliance.console_keys"],
        input=json.dumps(request),
        cwd=REPOSITORY,
        env={"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("cloud nowhere: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("left", ["", '{"10.0.0.10": "server', "[]", '{"10.0.0.10": 1}'])
def test_a_damaged_record_is_told_and_no_other_key_is_believed_for_it(known: KnownKeys, left: str) -> None:
    known.add(HOST, [ED25519])
    known.path.with_suffix(".json").write_text(left)
    for believe in (lambda: known.unknown([HOST]), lambda: known.add(HOST, [OTHER])):
        with pytest.raises(ApplianceError) as told:
            believe()
        assert told.value.where == str(known.path.with_suffix(".json"))
    assert known.path.read_text() == f"10.0.0.10 {ED25519}\n"


def test_who_is_killed_at_any_point_leaves_a_whole_record(known: KnownKeys) -> None:
    known.add(HOST, [ED25519])
    before = known.read()
    # No room for more than the start of what is written.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in (0, 10, 100):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                known.add(replace(HOST, address="10.0.0.11"), [OTHER])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert known.read()[1] == before[1]
        assert set(before[0]) <= set(known.read()[0])
