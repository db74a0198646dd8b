"""What brings a set of files to a daemon."""

from __future__ import annotations

import pytest

from node.slurm_files.plan import DaemonAction, other_authentication, slurmctld, slurmdbd, version_of

CONF = b"SlurmctldPort=6817\nKillWait=30\nPartitionName=a Nodes=ALL\n"
OLD = {"slurm.conf": CONF, "cgroup.conf": b"x", "slurmdbd.conf": b"p"}


def changed(old: bytes, new: bytes) -> dict[str, bytes]:
    return {**OLD, "slurm.conf": CONF.replace(old, new)}


@pytest.mark.parametrize(
    ("now", "active", "old_slurm", "new_slurm"),
    [
        (OLD, True, DaemonAction.NOTHING, DaemonAction.NOTHING),
        (OLD, False, DaemonAction.START, DaemonAction.START),
        ({**OLD, "slurmdbd.conf": b"q"}, True, DaemonAction.NOTHING, DaemonAction.NOTHING),
        (changed(b"Nodes=ALL", b"Nodes=b"), True, DaemonAction.RECONFIGURE, DaemonAction.RECONFIGURE),
        (changed(b"KillWait=30", b"KillWait=40"), True, DaemonAction.RESTART, DaemonAction.RECONFIGURE),
        (changed(b"6817", b"6820"), True, DaemonAction.RESTART, DaemonAction.RESTART),
        ({**OLD, "cgroup.conf": b"y"}, True, DaemonAction.RESTART, DaemonAction.RECONFIGURE),
        ({**OLD, "gres.conf": b"y"}, True, DaemonAction.RESTART, DaemonAction.RECONFIGURE),
        ({**OLD, "slurm.key": b"y"}, True, DaemonAction.RESTART, DaemonAction.RESTART),
    ],
)
def test_slurmctld(now: dict[str, bytes], active: bool, old_slurm: DaemonAction, new_slurm: DaemonAction) -> None:
    assert slurmctld(OLD, now, active, (22, 5, 8)) is old_slurm
    assert slurmctld(OLD, now, active, (24, 11, 5)) is new_slurm


def test_slurmctld_that_was_never_seen_to_run() -> None:
    assert slurmctld({}, OLD, active=True, version=(22, 5, 8)) is DaemonAction.RESTART


def test_slurmdbd() -> None:
    assert slurmdbd(OLD, {**OLD, "slurm.conf": b"other"}, active=True) is DaemonAction.NOTHING
    assert slurmdbd(OLD, {**OLD, "slurmdbd.conf": b"other"}, active=True) is DaemonAction.RESTART
    assert slurmdbd(OLD, OLD, active=False) is DaemonAction.START


def test_versions() -> None:
    assert [version_of(text) for text in ("slurm-wlm 22.05.8", "slurm 24.11.5\n", "slurm 25.05.0-0rc1")] == [
        (22, 5, 8),
        (24, 11, 5),
        (25, 5, 0),
    ]


def test_slurmdbd_reads_the_key_when_it_starts() -> None:
    assert slurmdbd(OLD, {**OLD, "slurm.key": b"new"}, active=True) is DaemonAction.RESTART


MUNGE = {"slurm.conf": b"AuthType=auth/munge\n"}
SLURM = {"slurm.conf": b"AuthType=auth/slurm\n", "slurm.key": b"key"}


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        ({}, SLURM, False),
        (MUNGE, MUNGE, False),
        (OLD, MUNGE, False),
        (MUNGE, SLURM, True),
        (SLURM, MUNGE, True),
        (SLURM, {**SLURM, "slurm.key": b"another"}, True),
        (SLURM, {**SLURM, "cgroup.conf": b"x"}, False),
    ],
)
def test_jobs_that_run_need_the_authentication_of_their_start(
    before: dict[str, bytes], now: dict[str, bytes], lost: bool
) -> None:
    assert other_authentication(before, now) is lost
