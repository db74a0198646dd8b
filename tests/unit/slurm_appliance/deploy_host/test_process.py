"""A child that is run to its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from toolchain.paths import REPOSITORY

#: A child that cleans up at Ctrl-C: it is ready once it has said so.
_CHILD = """
try:
    print("ready", flush=True)
    import time; time.sleep(60)
except KeyboardInterrupt:
    print("cleaned up", flush=True)
    raise SystemExit(3)
"""
_PARENT = f"""
import sys
from pathlib import Path
from slurm_appliance.deploy_host.process import run_to_end
status = run_to_end([sys.executable, "-c", {_CHILD!r}], folder=Path("/"))
print("status", status)
"""


def test_ctrl_c_ends_the_child_and_its_status_is_returned(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _PARENT]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path, env=environment
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        rest, _ = parent.communicate(timeout=60)
    assert rest.split("\n") == ["cleaned up", "status 3", ""]
    assert parent.returncode == 0
