"""slurmd finds the GPUs that a stack file names, by the gres.conf that follows from it."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.slurm_trial.judge import installed_version
from slurm_appliance.slurm_trial.render import slurm_files
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.apt import install

DEVICE = "/dev/slurm-appliance-test"


@pytest.fixture
def devices() -> Iterator[None]:
    """Two device files, of /dev/null's kind."""
    if shutil.which("slurmd") is None:
        install(["slurmd"])
    paths = [Path(f"{DEVICE}{number}") for number in range(2)]
    try:
        for path in paths:
            os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


@pytest.mark.usefixtures("devices")
def test_slurmd_finds_them_by_their_files() -> None:
    group = {"gres": ["gpu:a100:2"], "gres_files": {"gpu:a100": f"{DEVICE}[0-1]"}}
    settings = {
        "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": "small"}},
        "slurm": {"nodegroups": {"general": group}},
    }
    files = slurm_files(from_mapping(smallest(**settings), "test", environment="test"), installed_version())
    node = next(line for line in files["slurm.conf"].splitlines() if line.startswith("NodeName="))
    name = node.removeprefix("NodeName=").partition(",")[0]
    assert node.split(" Gres=")[1].split()[0] == "gpu:a100:2"
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            Path(folder, file).write_text(text)
        environment = {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf"}
        ended = subprocess.run(
            ["slurmd", "-G", "-N", name], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    said = ended.stdout + ended.stderr
    assert "Gres Name=gpu Type=a100 Count=2" in said, said
    assert f"File={DEVICE}[0-1]" in said, said
