"""A run in a PID namespace of its own, as in a container: whoever does not see its process lets it live."""

import subprocess
import sys
from pathlib import Path

import pytest

from slurm_appliance.journal.errors import LockedError
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import holders, locked
from tests.unit.slurm_appliance.journal.test_lock import HOLDING
from toolchain.paths import REPOSITORY


@pytest.mark.parametrize("proc", [("--mount-proc",), ()])
def test_a_run_in_another_pid_namespace_is_not_taken_over(tmp_path: Path, proc: tuple[str, ...]) -> None:
    layout = StateLayout(tmp_path, "p", "s")
    command = ["unshare", "--pid", "--fork", "--kill-child", *proc, sys.executable, "-c", HOLDING, str(tmp_path)]
    other = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "held\n"
        (holder,) = holders(layout)
        # The first process of its namespace: here, that number is another process's, or nobody's.
        assert holder.pid == 1
        assert not holder.gone
        with pytest.raises(LockedError, match="process 1, up"), locked(layout):
            pass
        assert layout.store.has(holder.key)
        # And the other way round: from in there, ours is not visible either.
        layout.store.release(holder.key)
        with locked(layout, "up") as lock:
            looking = [*command[:-4], sys.executable, "-c", HOLDING, str(tmp_path)]
            refused = subprocess.run(looking, cwd=REPOSITORY, capture_output=True, text=True, check=False)
            assert "LockedError" in refused.stderr
            assert layout.store.has(lock.key)
    finally:
        other.kill()
        other.communicate()
