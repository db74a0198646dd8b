"""What nodes do with mounted home directories whose settings change: the role's own script, where systemd mounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.engine.booted import Booted, booted_container
from toolchain.paths import REPOSITORY

TASKS = REPOSITORY / "ansible/roles/nfs_client/tasks/configure_nfs.yml"
_UNITS = "/etc/systemd/system"
#: The role's unit, with a file system in memory in place of an NFS server's.
_UNIT = """\
# Written by slurm-appliance; changes are overwritten.
[Unit]
Description=Home directories

[Mount]
What=tmpfs
Where={where}
Type=tmpfs
Options=size={size}

[Install]
WantedBy=remote-fs.target
"""


@dataclass(frozen=True)
class Node:
    """A node whose unit of home directories was written."""

    booted: Booted

    def write(self, name: str, size: str) -> None:
        text = _UNIT.format(where=f"/{name}", size=size)
        done = self.booted.run("sh", "-c", f"cat > {_UNITS}/{name}.mount", text=text)
        assert done.returncode == 0, done.stderr

    def take_up(self, name: str) -> list[str]:
        """What the role does next: its lines."""
        (script,) = (
            task["ansible.builtin.shell"]["cmd"]
            for task in yaml.safe_load(TASKS.read_text())
            if "ansible.builtin.shell" in task
        )
        environment = [f"UNIT={name}.mount", "CHANGED=yes"]
        done = self.booted.run("env", *environment, "bash", "-c", script)
        assert (done.returncode, done.stderr) == (0, "")
        self.booted.run("systemctl", "enable", "--now", f"{name}.mount")
        return done.stdout.splitlines()

    def size(self, name: str) -> str:
        options = self.booted.mounted(f"/{name}", "OPTIONS").split(",")
        return next((each for each in options if each.startswith("size=")), "")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with booted_container(tmp_path) as booted:
        yield Node(booted)


def test_changed_settings_are_taken_up_once_the_directories_are_free(node: Node) -> None:
    node.write("homes", "16M")
    assert node.take_up("homes") == []
    assert node.take_up("homes") == []
    assert node.size("homes") == "size=16384k"
    with node.booted.in_use("/homes"):
        # The clock of units and files has seconds here.
        node.booted.run("touch", "--date=now+2seconds", f"{_UNITS}/homes.mount")
        node.write("homes", "8M")
        node.booted.run("touch", "--date=now+2seconds", f"{_UNITS}/homes.mount")
        (waits,) = node.take_up("homes")
        assert waits.startswith("homes.mount is in use: ")
        assert node.take_up("homes") == [waits], "each run says so"
        assert node.size("homes") == "size=16384k"
    assert node.take_up("homes") == ["unmounted homes.mount"]
    assert node.size("homes") == "size=8192k"

    node.write("moved", "8M")
    with node.booted.in_use("/homes"):
        (waits,) = node.take_up("moved")
        assert waits.startswith("homes.mount is in use: ")
        assert node.booted.run("systemctl", "is-enabled", "homes.mount").stdout.strip() == "disabled"
        assert (node.size("homes"), node.size("moved")) == ("size=8192k", "size=8192k")
    assert node.take_up("moved") == ["unmounted homes.mount", "removed homes.mount"]
    assert (node.size("homes"), node.size("moved")) == ("", "size=8192k")
    assert node.take_up("moved") == []
