"""What a cloud could leave behind on the machine: looked at before it comes and after it has gone."""

import json
import shutil
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path

from localcloud.control import process
from localcloud.host.layout import CloudLayout
from localcloud.virtual import folders
from localcloud.virtual.machines import running


@dataclass(frozen=True)
class Machine:
    """Names of what there is, of the kinds that a cloud makes.

    Attributes:
        addresses: on the loopback interface.
        interfaces: network interfaces.
        namespaces: named network namespaces.
        filters: nftables tables.
        mounts: mount points below the state folder or made by systemd-nspawn.
        loops: loop devices with a file below the state folder.
        groups: the nodes' control groups.
        processes: those that carry the cloud's mark, and virtual machines.
        links: libvirt's folders that are the cloud's.
    """

    addresses: frozenset[str]
    interfaces: frozenset[str]
    namespaces: frozenset[str]
    filters: frozenset[str]
    mounts: frozenset[str]
    loops: frozenset[str]
    groups: frozenset[str]
    processes: frozenset[str]
    links: frozenset[str]

    @classmethod
    def look(cls, root: Path) -> "Machine":
        """The machine now.

        Args:
            root: the cloud's state folder.
        """
        links = json.loads(_output("ip", "-json", "address", "show"))
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        loops = json.loads(_output("losetup", "--list", "--json") or '{"loopdevices": []}')["loopdevices"]
        return cls(
            addresses=frozenset(
                item["local"] for link in links if link["ifname"] == "lo" for item in link["addr_info"]
            ),
            interfaces=frozenset(link["ifname"] for link in links),
            namespaces=frozenset(line.split()[0] for line in _output("ip", "netns", "list").splitlines()),
            filters=_filters(),
            mounts=frozenset(path for path in mounts if Path(path).is_relative_to(root) or "nspawn" in path),
            loops=frozenset(loop["name"] for loop in loops if Path(loop["back-file"]).is_relative_to(root)),
            groups=frozenset(str(path) for path in Path("/sys/fs/cgroup").glob("**/localcloud*")),
            processes=frozenset(map(str, [*(one.pid for one, _ in process.marked(root)), *_machines(root)])),
            links=frozenset(folders.linked(CloudLayout(root).libvirt)),
        )

    def left_since(self, before: "Machine") -> dict[str, list[str]]:
        """What is there now and was not before, by kind; empty when nothing is."""
        found = {item.name: sorted(getattr(self, item.name) - getattr(before, item.name)) for item in fields(self)}
        return {kind: names for kind, names in found.items() if names}


def _filters() -> frozenset[str]:
    # The first cloud of a machine installs nft: before that, nobody can have made a table.
    return frozenset(_output("nft", "list", "tables").splitlines()) if shutil.which("nft") else frozenset()


def _machines(root: Path) -> list[int]:
    return [machine.pid for machine in running(root)]


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
