"""Folders for the time of one operation."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from slurm_appliance.deploy_host.scratch import scratch_folder
from toolchain.paths import REPOSITORY

#: Says where its folder is, and stays in it until it is told to go on.
USER = """
from slurm_appliance.deploy_host.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "facts.json").write_text("{}")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


class User:
    """Another process with a folder of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.folder = Path(self.process.stdout.readline().strip())

    def end(self, *, killed: bool) -> None:
        if killed:
            self.process.kill()
        self.process.communicate("\n")


def test_it_is_the_owner_s_alone_and_goes() -> None:
    with scratch_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").write_text("x")
    assert not folder.exists()


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else() -> None:
    killed, alive = User(), User()
    try:
        killed.end(killed=True)
        assert (killed.folder / "facts.json").exists()
        with scratch_folder() as folder:
            assert not killed.folder.exists()
            assert (alive.folder / "facts.json").exists()
            assert folder.exists()
    finally:
        alive.end(killed=False)
    assert not alive.folder.exists()
