"""Starts OpenStack services and waits until they are ready."""

import os
import time
from collections.abc import Collection
from pathlib import Path

from localcloud.control import process
from localcloud.control.files import tail
from localcloud.endpoints import ENDPOINTS
from localcloud.errors import ServiceError
from localcloud.host.layout import PACKAGE, CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.virtual import binding

NAMES = tuple(endpoint.name for endpoint in ENDPOINTS)

#: Timeout for all of them together, in seconds.
LIMIT = 240.0

#: Where Neutron finds the mechanism driver.
_ENTRY_POINTS = """[neutron.ml2.mechanism_drivers]
localcloud = localcloud.network.mechanism:BridgeMechanismDriver
"""


def write_search_path(layout: CloudLayout, kind: ServerKind) -> None:
    """Create the folder from which the services import this package, and libvirt's binding, and nothing else."""
    if kind is ServerKind.VM:
        binding.link(layout.python)
    link = layout.python / PACKAGE.name
    if not link.is_symlink() or Path(os.readlink(link)) != PACKAGE:
        link.unlink(missing_ok=True)
        link.symlink_to(PACKAGE)
    metadata = layout.python / "localcloud-0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: localcloud\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)


def dead(layout: CloudLayout) -> list[str]:
    """The services that are not running, whether they were started or not."""
    found = {name: process.recorded(layout, name) for name in NAMES}
    return [name for name, service in found.items() if service is None or not service.alive]


def start(layout: CloudLayout, prefix: Path, names: Collection[str], kind: ServerKind) -> None:
    """Start services.

    Args:
        layout: the cloud.
        prefix: the services' virtual environment.
        names: which of `NAMES`.
        kind: what servers are.
    """
    for name in names:
        layout.ready_file(name).unlink(missing_ok=True)
        command = [str(prefix / "bin/python"), "-m", "localcloud.services.serve", name]
        process.start(layout, name, command, _environment(layout, prefix, name, kind))


def wait_until_ready(layout: CloudLayout, names: Collection[str], steps: Steps) -> None:
    """Return when each service has reported that it is ready.

    Raises:
        ServiceError: one exited, or is not ready in time; has the last lines of its log.
    """
    start, left = time.monotonic(), list(names)
    while left:
        for name in list(left):
            if layout.ready_file(name).exists():
                left.remove(name)
                steps.note(f"{name} is ready", time.monotonic() - start)
                continue
            service = process.recorded(layout, name)
            late = time.monotonic() - start > LIMIT
            if late or service is None or not service.alive:
                raise ServiceError(
                    f"was not ready within {LIMIT:.0f} s" if late else "exited during startup",
                    where=name,
                    evidence=tail(layout.service_log(name)),
                    remedy=f"see the whole log with `slurm-appliance cloud logs {name}`",
                )
        time.sleep(0.1)


def _environment(layout: CloudLayout, prefix: Path, name: str, kind: ServerKind) -> dict[str, str]:
    etc = str(layout.etc)
    return {
        "PYTHONPATH": str(layout.python),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        # Compiled code that crashes would leave nothing in the log.
        "PYTHONFAULTHANDLER": "1",
        "LOCALCLOUD_FAULTS": str(layout.faults),
        "LOCALCLOUD_SERVERS": str(kind),
        "LOCALCLOUD_PASSWORDS": str(layout.passwords) if name == "keystone" else "",
        "LOCALCLOUD_READY": str(layout.ready_file(name)),
        "OS_KEYSTONE_CONFIG_FILES": f"{etc}/keystone.conf",
        "OS_GLANCE_CONFIG_DIR": etc,
        "OS_PLACEMENT_CONFIG_DIR": etc,
        "OS_NOVA_CONFIG_DIR": etc,
        "OS_NOVA_CONFIG_FILES": f"{prefix}/etc/nova/api-paste.ini;nova.conf",
        "OS_NEUTRON_CONFIG_DIR": etc,
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf",
        "LOCALCLOUD_CINDER_CONFIG": f"{etc}/cinder.conf",
        "LOCALCLOUD_MANILA_CONFIG": f"{etc}/manila.conf",
        # Native threads: OpenStack is removing eventlet.
        "OS_NOVA_DISABLE_EVENTLET_PATCHING": "1",
        "OS_CINDER_DISABLE_EVENTLET_PATCHING": "1",
        "OS_MANILA_DISABLE_EVENTLET_PATCHING": "1",
        # Neutron sets a process title, which would overwrite the environment that identifies the process.
        "SPT_NOENV": "1",
        # glibc's default number of arenas costs a third more memory.
        "MALLOC_ARENA_MAX": "2",
    }
