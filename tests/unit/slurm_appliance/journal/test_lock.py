"""Locks: held by one, taken over from the dead, and never from a run that may live."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from slurm_appliance.journal.errors import LockedError, LockLostError
from slurm_appliance.journal.heartbeat import Pace, Watch, beating
from slurm_appliance.journal.layout import StackPlace, StateLayout
from slurm_appliance.journal.lock import holders, locked
from slurm_appliance.journal.process_identity import ProcessIdentity
from slurm_appliance.journal.store import FolderStore
from tests.unit.slurm_appliance.journal.buckets import memory_bucket
from toolchain.paths import REPOSITORY

HOLDING = """
import sys
from pathlib import Path
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import locked
with locked(StateLayout(Path(sys.argv[1]), "p", "s"), "up"):
    print("held", flush=True)
    sys.stdin.read()
"""
_QUICK = Pace(interval=0.02, timeout=0.2)
_OWN = ProcessIdentity.own()


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(tmp_path, "p", "s")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StackPlace:
    """A stack whose lock is looked at each time."""
    if request.param == "folder":
        return StateLayout(tmp_path, "p", "s")
    return StackPlace(memory_bucket(patience=0.0), "p", "s")


@contextmanager
def another_run(layout: StateLayout) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the stack."""
    command = [sys.executable, "-c", HOLDING, str(layout.root)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def lock_of(place: StackPlace, process: ProcessIdentity | None) -> str:
    """A lock that somebody made; Pulumi's own where no process is given."""
    key = f"{place.locks_folder}/somebodys.json"
    lock = {"pid": process.pid if process else 1, "username": "me", "hostname": "there", "timestamp": "2026-11-23T08:0"}
    more = {"slurm-appliance": {"doing": "up", "process": process.as_json()}} if process else {}
    place.store.write(key, json.dumps(lock | more).encode())
    return key


def test_a_stack_is_held_by_one(place: StackPlace) -> None:
    with locked(place, "up") as lock:
        assert lock.taken_over == ()
        (own,) = holders(place)
        assert (own.pid, own.doing, own.gone) == (os.getpid(), "up", False)
        with pytest.raises(LockedError, match=rf"\b{os.getpid()}, up\b") as refused, locked(place):
            pass
        assert refused.value.exit_status == 5
        assert f"unlock {own.id} --stack s" in refused.value.remedy
    assert holders(place) == []


def test_a_run_that_lives_is_left_alone_and_one_that_was_killed_is_not(layout: StateLayout) -> None:
    with another_run(layout) as other:
        (holder,) = holders(layout)
        assert not holder.gone
        with pytest.raises(LockedError, match=rf"\b{other.pid}, up\b"), locked(layout):
            pass
        assert layout.store.has(holder.key)
        other.kill()
        # Nobody has asked for its exit status yet: it is a zombie, and gone all the same.
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        with locked(layout) as lock:
            assert [each.pid for each in lock.taken_over] == [other.pid]
            assert len(holders(layout)) == 1
    assert not layout.store.has(holder.key)


GONE = {
    "another process has its number now": (replace(_OWN, started=_OWN.started - 1), _OWN, True),
    "this very process": (_OWN, _OWN, False),
    "the machine was started again": (replace(_OWN, boot="before"), _OWN, True),
    "a copy of the machine with another name": (replace(_OWN, boot="other", hostname="copy"), _OWN, False),
    "another machine": (replace(_OWN, boot="other", machine="other", hostname="other"), _OWN, False),
    "a machine without an id": (replace(_OWN, boot="other", machine=""), replace(_OWN, machine=""), False),
    "a container on this machine": (replace(_OWN, namespace="pid:[1] time:[1]", pid=2**22), _OWN, False),
    "a container on another machine": (replace(_OWN, namespace="pid:[1] time:[1]", boot="other"), _OWN, False),
    "nothing is known of the boot": (replace(_OWN, boot="", pid=2**22), replace(_OWN, boot=""), False),
}


@pytest.mark.parametrize("case", GONE)
def test_only_what_proves_it_makes_a_holder_gone(case: str) -> None:
    holder, here, gone = GONE[case]
    # As on a machine, even if the tests run in a container.
    ours, first = _OWN.namespace.partition(" ")[0], "pid:[4026531836]"
    holder, here = (replace(each, namespace=each.namespace.replace(ours, first)) for each in (holder, here))
    assert holder.is_gone(here) is gone


def test_a_run_out_of_sight_is_taken_over_when_it_is_silent(place: StackPlace) -> None:
    lock_of(place, replace(_OWN, machine="other", boot="other", hostname="other"))
    lines: list[str] = []
    with pytest.raises(LockedError, match="me@there"), locked(place, pace=_QUICK):
        pass
    with locked(place, lock_timeout=30, say=lines.append, pace=_QUICK) as lock:
        assert [each.username for each in lock.taken_over] == ["me"]
    assert lines == ["waiting for me@there, process " + f"{_OWN.pid}, up, since 2026-11-23T08:0"]


def test_a_run_out_of_sight_is_not_taken_over_while_its_heart_beats(place: StackPlace) -> None:
    key = lock_of(place, replace(_OWN, machine="other", boot="other", hostname="other"))
    with beating(place.store, key, _QUICK), pytest.raises(LockedError), locked(place, lock_timeout=2, pace=_QUICK):
        pass
    assert place.store.has(key)


def test_plain_pulumi_has_no_heart_to_listen_to(place: StackPlace) -> None:
    key = lock_of(place, None)
    with pytest.raises(LockedError, match="me@there"), locked(place, lock_timeout=1.5, pace=_QUICK):
        pass
    assert place.store.has(key)


def test_who_waits_gets_the_stack_when_it_is_free(layout: StateLayout) -> None:
    with another_run(layout) as other:
        assert other.stdin is not None
        threading.Timer(0.3, other.stdin.close).start()
        with locked(layout, lock_timeout=60) as lock:
            assert lock.taken_over == ()


def test_a_lock_that_was_taken_away_is_not_made_again(place: StackPlace) -> None:
    with locked(place, pace=_QUICK) as lock:
        lock.check()
        before = place.store.mark(lock.key)
        deadline = threading.Event()
        while place.store.mark(lock.key) == before:
            assert not deadline.wait(0.01)
        place.store.release(lock.key)
        deadline.wait(5 * _QUICK.interval)
        assert not place.store.has(lock.key)
        with pytest.raises(LockLostError):
            lock.check()


def test_silence_is_measured_by_the_clock_of_who_listens(tmp_path: Path) -> None:
    now = 100.0
    watch, path = Watch(FolderStore(tmp_path), lambda: now), tmp_path / "lock"
    path.touch()
    os.utime(path, (1, 1))  # The holder's clock is decades behind.
    assert watch.silence("lock") == 0
    now = 160.0
    assert watch.silence("lock") == 60
    os.utime(path, (0, 0))  # It was even set back: a change all the same.
    assert watch.silence("lock") == 0


def test_a_lock_that_nobody_can_read_is_somebodys(place: StackPlace) -> None:
    place.store.write(lock_of(place, None), b"")
    with pytest.raises(LockedError) as refused, locked(place):
        pass
    assert "unlock somebodys --stack s" in refused.value.remedy
