"""How site.yml asks a compute node for its hardware, with a slurmd that never returns if it looks for cards in vain."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from slurm_appliance.playbooks.run import ANSIBLE

_SLURMD = """#!/bin/sh
# As Debian's: ROCm's library looks at all entries again and again.
while [ -d /sys/class/drm ] && ! ls -d /sys/class/drm/card* > /dev/null 2>&1; do sleep 1; done
echo "NodeName=$(uname -n) $1"
"""


def _script() -> str:
    plays = yaml.safe_load((ANSIBLE / "site.yml").read_text())
    tasks = [task for play in plays for task in play.get("tasks", [])]
    (task,) = [each for each in tasks if each["name"] == "Run slurmd -C on one node of the group"]
    script = task["ansible.builtin.shell"]
    assert isinstance(script, str)
    return script


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts over /sys/class")
@pytest.mark.parametrize(
    "there", ["", "mkdir /sys/class/drm; touch /sys/class/drm/version", "mkdir -p /sys/class/drm/card0"]
)
def test_a_node_with_graphics_and_without_a_card_is_described(there: str, tmp_path: Path) -> None:
    program = tmp_path / "slurmd"
    program.write_text(_SLURMD)
    program.chmod(0o755)
    (tmp_path / "task").write_text(_script())
    setting = f"mount -t tmpfs tmpfs /sys/class; {there}\nexec sh {tmp_path}/task"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", setting],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"NodeName={os.uname().nodename} -C\n"
