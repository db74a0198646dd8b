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

from slurm_appliance.journal import LockedError
from slurm_appliance.journal.errors import LockLostError
from slurm_appliance.journal.heartbeat import Pace, Watch, beating
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import holders, locked
from slurm_appliance.journal.process_identity import ProcessIdentity
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


def lock_of(layout: StateLayout, process: ProcessIdentity | None) -> Path:
    """A lock that somebody made; Pulumi's own where no process is given."""
    layout.locks.mkdir(parents=True, exist_ok=True)
    path = layout.locks / "somebodys.json"
    lock = {"pid": process.pid if process else 1, "username": "me", "hostname": "there", "timestamp": "2026-11-23T08:0"}
    more = {"slurm-appliance": {"doing": "up", "process": process.as_json()}} if process else {}
    path.write_text(json.dumps(lock | more))
    return path


def test_a_stack_is_held_by_one(layout: StateLayout) -> None:
    with locked(layout, "up") as lock:
        assert lock.taken_over == ()
        (own,) = holders(layout)
        assert (own.pid, own.doing, own.gone) == (os.getpid(), "up", False)
        with pytest.raises(LockedError, match=rf"\b{os.getpid()}, up\b") as refused, locked(layout):
            pass
        assert refused.value.exit_status == 5
        assert f"unlock {own.id} --stack s" in refused.value.remedy
    assert holders(layout) == []


def test_a_run_that_lives_is_left_alone_and_one_that_was_killed_is_not(layout: StateLayout) -> None:
    with another_run(layout) as other:
        (holder,) = holders(layout)
        assert not holder.gone
        with pytest.raises(LockedError, match=rf"\b{other.pid}, up\b"), locked(layout):
            pass
        assert holder.path.exists()
        other.kill()
        # Nobody has asked for its exit status yet: it is a zombie, and gone all the same.
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        with locked(layout) as lock:
            assert [each.pid for each in lock.taken_over] == [other.pid]
            assert len(holders(layout)) == 1
    assert not holder.path.exists()


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


def test_a_run_out_of_sight_is_taken_over_when_it_is_silent(layout: StateLayout) -> None:
    lock_of(layout, replace(_OWN, machine="other", boot="other", hostname="other"))
    lines: list[str] = []
    with pytest.raises(LockedError, match="me@there"), locked(layout, pace=_QUICK):
        pass
    with locked(layout, lock_timeout=30, say=lines.append, pace=_QUICK) as lock:
        assert [each.username for each in lock.taken_over] == ["me"]
    assert lines == ["waiting for me@there, process " + f"{_OWN.pid}, up, since 2026-11-23T08:0"]


def test_a_run_out_of_sight_is_not_taken_over_while_its_heart_beats(layout: StateLayout) -> None:
    path = lock_of(layout, replace(_OWN, machine="other", boot="other", hostname="other"))
    with beating(path, _QUICK), pytest.raises(LockedError), locked(layout, lock_timeout=2, pace=_QUICK):
        pass
    assert path.exists()


def test_plain_pulumi_has_no_heart_to_listen_to(layout: StateLayout) -> None:
    path = lock_of(layout, None)
    with pytest.raises(LockedError, match="me@there"), locked(layout, lock_timeout=1.5, pace=_QUICK):
        pass
    assert path.exists()


def test_who_waits_gets_the_stack_when_it_is_free(layout: StateLayout) -> None:
    with another_run(layout) as other:
        assert other.stdin is not None
        threading.Timer(0.3, other.stdin.close).start()
        with locked(layout, lock_timeout=60) as lock:
            assert lock.taken_over == ()


def test_a_lock_that_was_taken_away_is_not_made_again(layout: StateLayout) -> None:
    with locked(layout, pace=_QUICK) as lock:
        lock.check()
        before = lock.path.stat().st_mtime_ns
        deadline = threading.Event()
        while lock.path.stat().st_mtime_ns == before:
            assert not deadline.wait(0.01)
        lock.path.unlink()
        deadline.wait(5 * _QUICK.interval)
        assert not lock.path.exists()
        with pytest.raises(LockLostError):
            lock.check()


def test_silence_is_measured_by_the_clock_of_who_listens(tmp_path: Path) -> None:
    now = 100.0
    watch, path = Watch(lambda: now), tmp_path / "lock"
    path.touch()
    os.utime(path, (1, 1))  # The holder's clock is decades behind.
    assert watch.silence(path) == 0
    now = 160.0
    assert watch.silence(path) == 60
    os.utime(path, (0, 0))  # It was even set back: a change all the same.
    assert watch.silence(path) == 0


def test_a_lock_that_nobody_can_read_is_somebodys(layout: StateLayout) -> None:
    lock_of(layout, None).write_text("")
    with pytest.raises(LockedError) as refused, locked(layout):
        pass
    assert "unlock somebodys --stack s" in refused.value.remedy
