"""The health check: a full disk drains an idle node, and never one whose jobs filled it."""

import subprocess
from pathlib import Path

import pytest
import yaml

from node.job_cleanup import NodePlaces
from toolchain.paths import REPOSITORY

SCRIPT = REPOSITORY / "ansible/roles/nhc/files/slurm-appliance-health"


class Health:
    """The check among programs that say what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.marks = folder / "jobs"
        self.told = folder / "told"
        programs = folder / "bin"
        programs.mkdir()
        self._programs = programs
        text = SCRIPT.read_text()
        for old, new in {
            "PATH=/usr/sbin": f"PATH={programs}:/usr/sbin",
            str(NodePlaces().marks): str(self.marks),
            "/etc/slurm-appliance/health.conf": str(folder / "none"),
        }.items():
            assert old in text
            text = text.replace(old, new)
        self._script = folder / "health"
        self._script.write_text(text)
        self.program("munge", "exit 0")
        self.program("unmunge", "exit 0")
        self.program("logger", "exit 0")
        self.program("scontrol", f'case "$1" in update) echo "$*" >> {self.told} ;; *) echo "State=IDLE" ;; esac')
        self.free(5000)

    def program(self, name: str, text: str) -> None:
        (self._programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self._programs / name).chmod(0o755)

    def free(self, megabytes: int) -> None:
        self.program("df", f"echo Avail; echo {megabytes}")

    def job(self) -> None:
        (self.marks / "2001").mkdir(parents=True)
        (self.marks / "2001" / "7").touch()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(self._script), *arguments], capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def health(tmp_path: Path) -> Health:
    return Health(tmp_path)


def test_a_node_that_is_right(health: Health) -> None:
    assert health.run("--check").returncode == 0
    assert health.run().returncode == 0
    assert not health.told.exists()


def test_an_idle_node_without_space_is_drained(health: Health) -> None:
    health.free(10)

    assert health.run().returncode == 1
    assert "State=DRAIN" in health.told.read_text()
    assert "10 MB left" in health.told.read_text()


def test_a_job_that_fills_the_disk_drains_nothing(health: Health) -> None:
    health.free(0)
    health.program("mktemp", "exit 1")
    health.job()

    assert health.run().returncode == 0
    assert not health.told.exists()

    (health.marks / "2001" / "7").unlink()
    assert health.run().returncode == 1


def test_a_fault_that_is_no_job_s_drains_all_the_same(health: Health) -> None:
    health.job()
    health.program("unmunge", "exit 1")

    assert health.run().returncode == 1
    assert "munge" in health.told.read_text()


def test_paths_are_the_same_everywhere() -> None:
    template = (REPOSITORY / "ansible/roles/slurmctld/templates/slurm.conf.j2").read_text()
    assert f"SlurmdSpoolDir={NodePlaces().steps}\n" in template
    defaults = yaml.safe_load((REPOSITORY / "ansible/roles/slurmctld/defaults/main.yml").read_text())
    for name in ("prolog", "epilog"):
        assert f"'/usr/sbin/slurm-appliance-{name}'" in defaults["slurmctld_cleanup"]
