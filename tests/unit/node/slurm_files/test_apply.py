"""Accepted files are brought to a daemon; one that does not run with them gets its former files back."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import cast

import pytest

from node.slurm_files.commands import Appliance
from node.slurm_files.daemons import DaemonError, Daemons
from node.slurm_files.plan import DaemonAction
from node.slurm_files.sets import Sets

USER = pwd.getpwuid(os.getuid()).pw_name
OLD = {"slurm.conf": b"ReturnToService=1\n", "slurmdbd.conf": b"StoragePass=old\n"}
NEW = {"slurm.conf": b"ReturnToService=2\nSlurmctldPort=6820-6823\n", "slurmdbd.conf": b"StoragePass=new\n"}


class Recorded:
    """Daemons that run with the files of their folder, unless these have a word that they fail with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, bytes] = {}
        self.done: list[tuple[str, DaemonAction, int]] = []
        self.fails_with = b"nothing"

    def active(self, daemon: str) -> bool:
        return daemon in self.running

    def version(self) -> tuple[int, ...]:
        return (22, 5, 8)

    def do(self, daemon: str, action: DaemonAction, port: int) -> None:
        self.done.append((daemon, action, port))
        if action is DaemonAction.NOTHING:
            return
        self.running.pop(daemon, None)
        content = (self.folder / {"slurmctld": "slurm.conf", "slurmdbd": "slurmdbd.conf"}[daemon]).read_bytes()
        if self.fails_with in content:
            raise DaemonError(f"{daemon} exited", ["its last words"])
        self.running[daemon] = content


@pytest.fixture
def node(tmp_path: Path) -> tuple[Sets, Recorded, Appliance]:
    """A node whose daemons run with OLD."""
    sets, daemons = Sets(tmp_path, USER), Recorded(tmp_path)
    appliance = Appliance(sets, cast("Daemons", daemons))
    sets.accept(sets.add(OLD))
    for daemon in ("slurmdbd", "slurmctld"):
        assert appliance.apply(daemon)["changed"]
    assert daemons.done == [("slurmdbd", DaemonAction.START, 6819), ("slurmctld", DaemonAction.START, 6817)]
    daemons.done.clear()
    return sets, daemons, appliance


def test_a_second_run_changes_nothing(node: tuple[Sets, Recorded, Appliance]) -> None:
    _, daemons, appliance = node
    assert not any(appliance.apply(daemon)["changed"] for daemon in ("slurmdbd", "slurmctld"))
    assert {action for _, action, _ in daemons.done} == {DaemonAction.NOTHING}


def test_new_files_come_to_both(node: tuple[Sets, Recorded, Appliance]) -> None:
    sets, daemons, appliance = node
    sets.accept(sets.add(NEW))
    for daemon in ("slurmdbd", "slurmctld"):
        appliance.apply(daemon)
    assert daemons.done == [("slurmdbd", DaemonAction.RESTART, 6819), ("slurmctld", DaemonAction.RESTART, 6820)]
    assert list(daemons.running.values()) == list(reversed(NEW.values()))


def test_a_run_that_was_killed_after_the_exchange_is_completed(node: tuple[Sets, Recorded, Appliance]) -> None:
    sets, daemons, appliance = node
    name = sets.add(NEW)
    sets.accept(name)
    sets.exchange(name)
    assert appliance.apply("slurmctld")["action"] == "restart"
    assert daemons.running["slurmctld"] == NEW["slurm.conf"]


def test_slurmctld_fails_after_the_exchange(node: tuple[Sets, Recorded, Appliance]) -> None:
    sets, daemons, appliance = node
    sets.accept(sets.add(NEW))
    appliance.apply("slurmdbd")
    daemons.fails_with = b"ReturnToService=2"
    with pytest.raises(DaemonError) as raised:
        appliance.apply("slurmctld")
    assert raised.value.log == ["its last words"]
    assert daemons.running == {"slurmctld": OLD["slurm.conf"], "slurmdbd": NEW["slurmdbd.conf"]}
    now = sets.files(sets.in_use)
    assert now == {"slurm.conf": OLD["slurm.conf"], "slurmdbd.conf": NEW["slurmdbd.conf"]}, (
        "the database has the new one"
    )
    assert sets.proven("slurmctld") == sets.proven("slurmdbd") == sets.in_use


def test_slurmdbd_fails_after_the_exchange(node: tuple[Sets, Recorded, Appliance]) -> None:
    sets, daemons, appliance = node
    sets.accept(sets.add(NEW))
    daemons.fails_with = b"StoragePass=new"
    with pytest.raises(DaemonError) as raised:
        appliance.apply("slurmdbd")
    assert raised.value.log == ["its last words"]
    assert sets.files(sets.in_use) == OLD
    assert daemons.running == {"slurmctld": OLD["slurm.conf"], "slurmdbd": OLD["slurmdbd.conf"]}


def test_there_is_nothing_to_go_back_to_on_a_new_node(tmp_path: Path) -> None:
    sets, daemons = Sets(tmp_path, USER), Recorded(tmp_path)
    sets.accept(sets.add(NEW))
    daemons.fails_with = b"ReturnToService=2"
    with pytest.raises(DaemonError) as raised:
        Appliance(sets, cast("Daemons", daemons)).apply("slurmctld")
    assert raised.value.log == ["its last words"]
    assert len(daemons.done) == 1, "it is not started again"
    assert sets.files(sets.in_use) == NEW
    assert sets.proven("slurmctld") is None


def test_nothing_is_applied_that_was_not_accepted(tmp_path: Path) -> None:
    sets, daemons = Sets(tmp_path, USER), Recorded(tmp_path)
    with pytest.raises(DaemonError):
        Appliance(sets, cast("Daemons", daemons)).apply("slurmctld")
    assert daemons.done == []
    assert sets.in_use is None
