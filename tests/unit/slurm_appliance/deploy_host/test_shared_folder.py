"""A state's folder that two Unix users share: both work on it, whatever their umask; nobody else reads it."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.deploy_host.shared_folder import PRIVATE, shared_modes
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import locked
from tests.unit.slurm_appliance.journal.test_keeper import created

#: Numbers that no user and group has.
FIRST, SECOND, STRANGER, TEAM = 61001, 61002, 61003, 61100

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as other users")


@pytest.fixture
def folder() -> Iterator[Path]:
    """The team's folder, in a place that everybody reaches."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        made = Path(name) / "shared"
        made.mkdir()
        os.chown(made, FIRST, TEAM)
        made.chmod(0o2770)
        yield made


def as_user(user: int, act: Callable[[], None], *, umask: int = 0o022) -> int:
    """Act as another user in a process of its own; returns 0, or 13 for a refusal that says what to do."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([TEAM] if user != STRANGER else [])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.umask(umask)
            act()
            status = 0
        except JournalError as error:
            status = 13 if error.remedy else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def update(layout: StateLayout, name: str) -> None:
    """What one command does with the state."""
    if not layout.exists():
        # As plain pulumi creates a stack: for itself.
        layout.state.parent.mkdir(parents=True)
        write_whole(layout.state, '{"version": 3, "checkpoint": {"latest": {"manifest": {}}}}')
        layout.share()
    with locked(layout, "up") as lock:
        keeper = Keeper(layout, lock.check)
        keeper.start(keeper.announce("update"), "v3.259.0")
        keeper.add(created(1, name))
        keeper.complete(keeper.updates[0], "succeeded")


@needs_root
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_two_users_work_in_turn(folder: Path, umask: int) -> None:
    layout = StateLayout(folder, "p", "s")
    for user in (FIRST, SECOND, FIRST):
        assert as_user(user, lambda: update(layout, "a"), umask=umask) == 0
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert path.stat().st_gid == TEAM, path
        assert mode == (0o2770 if path.is_dir() else 0o660), path
    assert len(layout.history(9)) == 3


@needs_root
def test_who_may_not_read_it_is_told_why(folder: Path) -> None:
    layout = StateLayout(folder, "p", "s")
    assert as_user(FIRST, lambda: update(layout, "a")) == 0
    assert as_user(STRANGER, lambda: update(layout, "a")) == 13


@needs_root
def test_with_read_access_only_a_state_is_read_and_not_changed(folder: Path) -> None:
    layout = StateLayout(folder, "p", "s")
    assert as_user(FIRST, lambda: update(layout, "a")) == 0
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o2750 if path.is_dir() else 0o640)

    def look() -> None:
        assert layout.exists()
        layout.read()

    assert as_user(SECOND, look) == 0
    assert as_user(SECOND, lambda: update(layout, "a")) == 13


@pytest.mark.parametrize(
    ("mode", "private"), [(0o700, True), (0o755, True), (0o2770, False), (0o775, False), (0o1777, True)]
)
def test_only_a_group_that_may_write_shares_a_folder(tmp_path: Path, mode: int, private: bool) -> None:
    tmp_path.chmod(mode)
    assert (shared_modes(tmp_path) == PRIVATE) is private
