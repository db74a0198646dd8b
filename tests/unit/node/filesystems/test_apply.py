"""The program on real files, with a stand-in for systemd that mounts nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from node.filesystems.apply import FilesystemsOutcome, apply
from node.filesystems.request import FilesystemsRequest, Mount, Places
from node.filesystems.systemd import Systemd
from toolchain.paths import REPOSITORY

TMPFS = Mount("memory", "tmpfs", "/memory", ("size=1G",))
BIND = Mount("software", "bind", "/software", what="/srv/software")


class StandIn(Systemd):
    """Remembers which units are active and enabled."""

    def __init__(self, fail: tuple[str, ...] = (), busy: tuple[str, ...] = ()) -> None:
        self.active: set[str] = set()
        self.enabled: set[str] = set()
        self.fail, self.busy = fail, busy
        self.clock = int(time.time())
        self.since: dict[str, int] = {}
        self.calls: list[tuple[str, ...]] = []

    def call(self, *arguments: str) -> bool:
        self.calls.append(arguments)
        verb, *names = (each for each in arguments if each[0] != "-")
        if verb == "start":
            self.active |= set(names) - set(self.fail)
            self.since |= dict.fromkeys(names, self.clock)
            return not set(names) & set(self.fail)
        if verb == "stop":
            if names[0] in self.busy:
                return False
            self.active -= set(names)
        if verb == "enable":
            self.enabled |= set(names)
        if verb == "disable":
            self.enabled -= set(names)
        return {"is-active": names and names[0] in self.active, "is-enabled": names and names[0] in self.enabled}.get(
            verb, True
        ) is not False

    def active_since(self, units: Sequence[str]) -> dict[str, int]:
        return {unit: self.since[unit] for unit in units if unit in self.active}

    def why(self, unit: str) -> str:
        return f"{unit} is away"

    def mounted(self) -> frozenset[str]:
        return frozenset("/" + name.removesuffix(".mount") for name in self.active)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    units = tmp_path / "units"
    units.mkdir()
    return Places(units, tmp_path / "secrets", tmp_path / "lnet.conf", tmp_path / "record", tmp_path / "disks")


def run(places: Places, systemd: StandIn, *mounts: Mount) -> FilesystemsOutcome:
    return apply(FilesystemsRequest(mounts, places=places), systemd, systemd.mounted)


def test_a_second_run_changes_nothing(places: Places) -> None:
    systemd = StandIn()
    assert run(places, systemd, TMPFS, BIND).changes
    assert systemd.active == systemd.enabled == {"memory.mount", "software.mount"}
    assert run(places, systemd, TMPFS, BIND) == FilesystemsOutcome()


def test_a_former_one_is_unmounted_and_leaves_nothing(places: Places) -> None:
    systemd = StandIn()
    run(places, systemd, TMPFS, BIND)
    assert run(places, systemd, TMPFS).changes == ["removed software.mount"]
    assert systemd.active == systemd.enabled == {"memory.mount"}
    assert places.record.exists()
    run(places, systemd)
    assert [*places.units.iterdir()] == []
    assert not places.record.exists()
    assert run(places, systemd) == FilesystemsOutcome()


def test_one_in_use_is_kept_until_it_is_free(places: Places) -> None:
    systemd = StandIn(busy=("software.mount",))
    run(places, systemd, BIND)
    outcome = run(places, systemd)
    assert outcome.problems == []
    assert len(outcome.notes) == 1
    assert "software.mount" not in systemd.enabled, "it is gone after the next boot"
    assert places.record.exists(), "the next run of compute-init tries again"
    systemd.busy = ()
    assert run(places, systemd).changes == ["removed software.mount"]


def test_new_options_of_one_in_use_wait(places: Places) -> None:
    systemd = StandIn(busy=("memory.mount",))
    run(places, systemd, TMPFS)
    outcome = run(places, systemd, Mount("memory", "tmpfs", "/memory", ("size=2G",)))
    assert (len(outcome.notes), outcome.problems) == (1, [])
    assert systemd.active == {"memory.mount"}


def test_new_options_of_one_in_use_are_not_forgotten(places: Places) -> None:
    systemd = StandIn(busy=("memory.mount",))
    systemd.clock -= 60
    larger = Mount("memory", "tmpfs", "/memory", ("size=2G",))
    run(places, systemd, TMPFS)
    assert run(places, systemd, larger).notes == run(places, systemd, larger).notes != []
    systemd.busy, systemd.clock = (), systemd.clock + 60
    assert run(places, systemd, larger).changes == ["mounted /memory"]
    assert run(places, systemd, larger) == FilesystemsOutcome()


def test_one_that_is_away_is_named_and_holds_up_no_other(places: Places) -> None:
    systemd = StandIn(fail=("software.mount",))
    outcome = run(places, systemd, TMPFS, BIND)
    assert outcome.problems == ["/software cannot be mounted: software.mount is away"]
    assert systemd.active == {"memory.mount"}
    assert len([call for call in systemd.calls if call[0] == "start"]) == 1


def test_a_disk_that_cannot_be_used_keeps_its_former_unit(places: Places, tmp_path: Path) -> None:
    (places.units / "fast.mount").write_text("")
    disk = Mount("fast", "disk", "/fast", device=str(tmp_path / "none"))
    outcome = run(places, StandIn(), disk, TMPFS)
    assert [problem.partition(":")[0] for problem in outcome.problems] == ["/fast"]
    assert (places.units / "fast.mount").exists()


def test_a_unit_of_somebody_else_is_left_alone(places: Places) -> None:
    (places.units / "memory.mount").write_text("[Mount]\n")
    outcome = run(places, StandIn(), TMPFS)
    assert "somebody else's" in outcome.problems[0]
    assert (places.units / "memory.mount").read_text() == "[Mount]\n"


def test_keys_are_roots_alone(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.filesystems.apply._check_helper", lambda _mount: None)
    ceph = Mount("projects", "cephfs", "/projects", what="m:/", user="p", key="c2VjcmV0")
    systemd = StandIn()
    run(places, systemd, ceph)
    file = places.secrets / "projects.secret"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("c2VjcmV0\n", 0o600)
    assert places.secrets.stat().st_mode & 0o777 == 0o700
    assert run(places, systemd, ceph) == FilesystemsOutcome()
    run(places, systemd)
    assert not file.exists()


def test_options_of_lnet(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.filesystems.apply._check_helper", lambda _mount: None)
    systemd = StandIn()
    run(places, systemd, Mount("l", "lustre", "/l", what="a@tcp:/l", lnet="networks=tcp(eth1)"))
    assert places.lnet.read_text().splitlines()[1:] == ["options lnet networks=tcp(eth1)"]
    run(places, systemd)
    assert not places.lnet.exists()


def test_an_image_without_the_client_is_named(places: Places) -> None:
    outcome = run(places, StandIn(), Mount("l", "lustre", "/l", what="a@tcp:/l"))
    assert "no mount.lustre" in outcome.problems[0]
    assert "extra_packages" in outcome.problems[0]


def test_the_program_answers_in_json() -> None:
    program = REPOSITORY / "ansible/roles/filesystems/files/program"
    command = [sys.executable, "-I", str(program)]
    wrong = subprocess.run(command, input='{"mounts": [{}]}', capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("filesystems: ")
    assert json.loads(json.dumps(vars(FilesystemsOutcome()))) == {"changes": [], "problems": [], "notes": []}
