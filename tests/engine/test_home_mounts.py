"""What nodes do with mounted home directories whose settings change: the role's own script, where systemd mounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.booted import Booted, booted_container
from toolchain.paths import REPOSITORY

SCRIPT = REPOSITORY / "ansible/roles/nfs_client/files/renew_home_mounts"
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
Options={options}

[Install]
WantedBy=remote-fs.target
"""
#: A service of the site that works there.
_SERVICE = "[Unit]\nRequiresMountsFor=/homes\n[Service]\nExecStart=/usr/bin/sleep infinity\n"


@dataclass(frozen=True)
class Node:
    """A node whose unit of home directories was written."""

    booted: Booted

    def configure(self, name: str, options: str, seconds: int = 0) -> None:
        """What the role does: it writes the unit, so many seconds from now, and starts it."""
        unit = f"{_UNITS}/{name}.mount"
        text = _UNIT.format(where=f"/{name}", options=options)
        done = self.booted.run("sh", "-c", f"cat > {unit}; touch --date='now +{seconds} seconds' {unit}", text=text)
        assert done.returncode == 0, done.stderr
        self.booted.run("systemctl", "daemon-reload")
        self.booted.run("systemctl", "enable", "--now", f"{name}.mount")

    def renew(self, name: str, status: int = 0) -> list[str]:
        """What each run does then: its lines."""
        done = self.booted.run("/srv/test/renew_home_mounts", f"/{name}")
        assert done.returncode == status, done.stderr
        return (done.stdout + (done.stderr if status else "")).splitlines()

    def size(self, name: str) -> str:
        options = self.booted.mounted(f"/{name}", "OPTIONS").split(",")
        return next((each for each in options if each.startswith("size=")), "")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with booted_container(tmp_path, [SCRIPT]) as booted:
        yield Node(booted)


def test_changed_settings_are_taken_up_once_the_directories_are_free(node: Node) -> None:
    run = node.booted.run
    assert node.renew("homes") == [], "no home directories yet, or over another transport"
    node.configure("homes", "size=16M")
    assert node.renew("homes") == []
    run("sh", "-c", f"cat > {_UNITS}/of-the-site.service", text=_SERVICE)
    run("systemctl", "start", "of-the-site.service")
    # Clocks of units have seconds: it was written later than that.
    node.configure("homes", "size=8M", seconds=2)
    with node.booted.in_use("/homes"):
        (waits,) = node.renew("homes")
        assert waits.startswith("homes.mount is in use: ")
        assert node.renew("homes") == [waits], "each run says so"
        assert node.size("homes") == "size=16384k"
    assert node.renew("homes") == ["mounted homes.mount"]
    assert node.size("homes") == "size=8192k"
    assert run("systemctl", "is-active", "of-the-site.service").stdout.strip() == "active", "all the time"


def test_settings_that_do_not_work_leave_what_users_have(node: Node) -> None:
    node.configure("homes", "size=16M")
    node.configure("homes", "no_such_option=1", seconds=2)
    said = "\n".join(node.renew("homes", status=32))
    assert "bad option" in said
    assert node.size("homes") == "size=16384k"


def test_a_former_mount_point_is_given_up(node: Node) -> None:
    node.configure("homes", "size=8M")
    # A link to nowhere is no reason to fail.
    node.booted.run("ln", "-s", "/nowhere", f"{_UNITS}/broken.mount")
    node.configure("moved", "size=8M")
    with node.booted.in_use("/homes"):
        (waits,) = node.renew("moved")
        assert waits.startswith("homes.mount is in use: ")
        assert node.booted.run("systemctl", "is-enabled", "homes.mount").stdout.strip() == "disabled"
        assert (node.size("homes"), node.size("moved")) == ("size=8192k", "size=8192k")
    assert node.renew("moved") == ["removed homes.mount"]
    assert (node.size("homes"), node.size("moved")) == ("", "size=8192k")
    assert node.renew("moved") == []
