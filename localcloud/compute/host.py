"""The whole host: prepared before the first server, and cleaned when the cloud goes down.

Standard library only: ``cloud down`` and ``cloud reset`` call this when no service runs.
"""

import functools
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from localcloud.compute import cgroups
from localcloud.compute.node import NOTIFY_FOLDER, HostedServer
from localcloud.compute.server_facts import load_all
from localcloud.host import loop_device
from localcloud.host.command import HostError, run, try_run
from localcloud.host.places import CloudPlaces
from localcloud.host.waiting import wait_for
from localcloud.network import dhcp, link, names, ruleset

#: Kernel limits that a few dozen systemds exceed, and their new values. Never lowered.
SYSCTLS = {"fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 524288}

#: systemd-nspawn requires this to be a mount point, as /run is on a machine with systemd.
_NSPAWN_RUN = Path("/run/systemd/nspawn")


def prepare(state: Path) -> None:
    """Prepare the host for servers. Idempotent.

    Args:
        state: the cloud's state folder.
    """
    _share(state)
    CloudPlaces(state).servers.mkdir(exist_ok=True)
    for name, value in SYSCTLS.items():
        file = Path("/proc/sys", name)
        if int(file.read_text()) < value:
            file.write_text(f"{value}\n")
    if not Path("/run/systemd/system").is_dir() and not _NSPAWN_RUN.is_mount():
        _NSPAWN_RUN.mkdir(parents=True, exist_ok=True)
        run(["mount", "-t", "tmpfs", "-o", "mode=0755", "localcloud-nspawn", _NSPAWN_RUN])
    NOTIFY_FOLDER.mkdir(exist_ok=True)


def _share(state: Path) -> None:
    """Make the state folder a separate mount from which mounts and unmounts propagate.

    Each server's systemd-nspawn has a copy of the host's mounts. Without this, it would hold other servers' roots long
    after they were unmounted here, as on every machine where systemd has not made / shared.
    """
    state.mkdir(parents=True, exist_ok=True)
    if state.resolve() not in map(Path, _mounts_below(state)):  # Path.is_mount does not detect bind mounts.
        run(["mount", "--bind", state, state])
        run(["mount", "--make-shared", state])


def stop_all(state: Path, grace: float = 10.0, *, alone: bool = True) -> list[str]:
    """Stop every server and remove everything of them from the host except their data.

    Removes all processes, mounts, interfaces, network namespaces, nftables tables, loop devices and control groups,
    including leftovers of killed programs. Keeps servers, images, volumes and facts.

    Args:
        state: the cloud's state folder (``[localcloud] state_path``).
        grace: timeout for all servers to shut down in parallel before they are killed, in seconds.
        alone: whether no other cloud runs here. Groups, interfaces and tables do not tell whose they are: if one does,
            only those of servers with a definition in this cloud's folder are removed.

    Returns:
        What could not be removed, one sentence each; empty on success.
    """
    places = CloudPlaces(state)
    layout = cgroups.host_layout()
    nodes = [HostedServer(facts, places, layout) for facts in load_all(places.servers)]
    problems: list[str] = []

    def stop(node: HostedServer) -> None:
        try:
            node.stop(grace)
            if not alone:
                node.unplug_all()
        except HostError as error:
            problems.append(str(error))

    if nodes:
        with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
            list(pool.map(stop, nodes))
    if alone:
        problems += _kill_leftovers(layout)
    problems += _unmount_below(state)
    problems += _detach_below(state)
    _stop_dhcp(places)
    if not alone:
        return problems
    _remove_network()
    _remove_groups(layout)
    if _NSPAWN_RUN.is_mount() and try_run(["findmnt", "-n", "-o", "SOURCE", _NSPAWN_RUN]).stdout.startswith(
        "localcloud"
    ):
        run(["umount", _NSPAWN_RUN])
    shutil.rmtree(NOTIFY_FOLDER, ignore_errors=True)
    return problems


def leftovers(state: Path) -> list[str]:
    """What currently exists of servers on the host, one line each; nothing after `stop_all`."""
    found = [f"control group {name}" for name in cgroups.node_names(cgroups.host_layout())]
    found += [f"mount {path}" for path in _mounts_below(state)]
    found += [f"loop device {device} of {file}" for device, file in loop_device.attached_below(state).items()]
    found += [f"interface {name}" for prefix in _PREFIXES for name in link.with_prefix(prefix)]
    found += [f"network namespace {name}" for name in link.namespaces(names.NAMESPACE_PREFIX)]
    return found


_PREFIXES = (names.PORT_PREFIX, names.BRIDGE_PREFIX)


def _kill_leftovers(layout: cgroups.CgroupLayout) -> list[str]:
    problems = []
    for name in cgroups.node_names(layout):
        groups = cgroups.NodeCgroups(name, layout)
        if groups.kill(30):
            groups.remove()
        else:
            problems.append(f"processes {list(groups.processes())} of node {name} do not exit")
    return problems


def _mounts_below(state: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    paths = [line.split()[4].replace("\\040", " ") for line in lines]
    return [path for path in reversed(paths) if Path(path).is_relative_to(state.resolve())]


def _unmount_below(state: Path) -> list[str]:
    for path in _mounts_below(state):
        if not wait_for(functools.partial(_unmounted, path), 3):
            try_run(["umount", "--lazy", path])
    return [f"{path} is still mounted" for path in _mounts_below(state)]


def _unmounted(path: str) -> bool:
    return try_run(["umount", path]).returncode == 0


def _detach_below(state: Path) -> list[str]:
    for device in loop_device.attached_below(state):
        try_run(["losetup", "--detach", device])
    if wait_for(lambda: not loop_device.attached_below(state), 15):
        return []
    return [f"{device} is still attached to {file}" for device, file in loop_device.attached_below(state).items()]


def _stop_dhcp(places: CloudPlaces) -> None:
    if places.dhcp.is_dir():
        for folder in places.dhcp.iterdir():
            dhcp.stop(folder.name, places.dhcp)


def _remove_network() -> None:
    for prefix in _PREFIXES:
        for name in link.with_prefix(prefix):
            link.delete(name)
    for name in link.namespaces(names.NAMESPACE_PREFIX):
        try_run(["ip", "netns", "delete", name])
    ruleset.remove()


def _remove_groups(layout: cgroups.CgroupLayout) -> None:
    if layout.kind == "systemd":
        return
    for folder in {path.parent for path in layout.folders("any")}:
        with suppress(FileNotFoundError):
            folder.rmdir()
