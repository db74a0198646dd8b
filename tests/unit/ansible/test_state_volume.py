"""What the role says when a volume is not mounted."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from toolchain.paths import REPOSITORY


@pytest.fixture
def script() -> str:
    tasks = yaml.safe_load((REPOSITORY / "ansible/roles/state_volume/tasks/configure.yml").read_text())
    (task,) = (task for task in tasks if task["name"] == "Check that the volumes are mounted")
    text = task["ansible.builtin.shell"]["cmd"]
    assert isinstance(text, str)
    return text


def run(script: str, point: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "POINT": point}
    return subprocess.run(["/bin/sh", "-c", script], env=environment, text=True, capture_output=True, check=False)


def test_it_says_what_the_boot_said_of_the_volume(script: str, tmp_path: Path) -> None:
    log = tmp_path / "cloud-init-output.log"
    log.write_text("a line\nvolume 0a1b (state) was NOT formatted: /dev/vdb cannot be read\nanother line\n")
    ended = run(script.replace("/var/log/cloud-init-output.log", str(log)), str(tmp_path / "a folder; false"))
    assert ended.returncode == 1
    assert "nothing is mounted on" in ended.stdout
    assert "volume 0a1b (state) was NOT formatted: /dev/vdb cannot be read" in ended.stdout
    assert "another line" not in ended.stdout


def test_a_mount_point_is_enough(script: str) -> None:
    assert run(script, "/proc").returncode == 0
