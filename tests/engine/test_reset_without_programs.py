"""A cloud whose packages could not be installed: down and reset, on a machine that has none of its programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.host import debian, programs
from localcloud.host.layout import CloudLayout
from toolchain.paths import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")

#: Each Debian has these.
_EVERYWHERE = {"ip", "mkfs.ext4"}
#: With the programs covered up, and a network of its own.
_WITHOUT = """
set -eu
for program in $HIDDEN; do mount --bind /dev/null "$program"; done
ip link set lo up
exec "$@"
"""


@pytest.mark.parametrize("command", ["down", "reset"])
def test_there_is_nothing_to_remove(tmp_path: Path, command: str) -> None:
    layout = CloudLayout(tmp_path / "cloud")
    layout.make_folders()
    names = {package.program for package in debian.PACKAGES} - _EVERYWHERE
    found = [path for name in sorted(names) if (path := shutil.which(name, path=programs.SEARCH_PATH))]
    environment = {**os.environ, "SLURM_APPLIANCE_CLOUD_STATE": str(layout.root), "HIDDEN": " ".join(found)}
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", _WITHOUT, "sh",
         sys.executable, "-m", "slurm_appliance", "cloud", command],
        env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert layout.root.exists() == (command == "down")
