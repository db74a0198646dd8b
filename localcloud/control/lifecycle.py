"""Starts, stops and resets the cloud in the right order."""

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from localcloud.control import (
    database,
    host,
    libvirtd,
    manila,
    mirror,
    nodes,
    nova_servers,
    process,
    resources,
    schema,
    services,
)
from localcloud.control.configuration import write_configuration, write_keys
from localcloud.control.credentials import passwords, write_clouds_yaml
from localcloud.control.environment import is_ready, make_environment
from localcloud.control.server_record import decide, recorded
from localcloud.endpoints import MANILA
from localcloud.errors import MachineError, NotRunningError, ServiceError
from localcloud.host import debian
from localcloud.host.layout import CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.image import base
from localcloud.image.systems import DEFAULT, System
from localcloud.network import perimeter

#: Timeout for a service to stop, in seconds.
GRACE = 5.0

#: What talks to servers, or for them: stopped before they are.
_STOPPED_FIRST = (MANILA.name, *services.NAMES, mirror.NAME, libvirtd.NAME)


@contextmanager
def exclusive(layout: CloudLayout) -> Iterator[None]:
    """Lock out other commands that change this cloud.

    Raises:
        MachineError: another such command is running.
    """
    layout.lock.parent.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("w") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MachineError(
                "another command is starting or stopping this cloud",
                where=str(layout.root),
                remedy="wait for it to finish",
            ) from None
        yield


def up(
    layout: CloudLayout,
    steps: Steps,
    *,
    install: bool = True,
    servers: ServerKind | None = None,
    shares: bool = False,
) -> None:
    """Start what is not running; install what is missing first.

    Args:
        layout: the cloud.
        steps: reports progress.
        install: whether missing Debian packages may be installed; if not, the error lists them.
        servers: what servers are; None: as they are, or containers on a new cloud.
        shares: whether the cloud gets Manila; one that has it keeps it.

    Raises:
        CloudError: something is missing or does not start.
    """
    host.require_root()
    with exclusive(layout):
        host.require_no_other(layout)
        kind = decide(layout, servers)
        missing = debian.missing(debian.packages(kind))
        if not install:
            debian.refuse(missing)
        layout.make_folders()
        if shares:
            manila.want(layout)
        with ThreadPoolExecutor(3) as pool:
            packages = pool.submit(debian.install, missing, steps)
            image = pool.submit(_image_after, packages.result, kind, steps)
            prefix = _environment(steps)
            packages.result()
            _database(layout, prefix, steps)
            _start(layout, prefix, kind, steps)
            write_clouds_yaml(layout)
            with steps.step("create flavors and the external network"):
                resources.make_resources(layout)
            if manila.is_wanted(layout):
                manila.start(layout, kind, steps)
            built = image.result()
        with steps.step("base image in Glance"):
            resources.upload_image(layout, built)
        steps.total("cloud is up")


def add_image(layout: CloudLayout, system: System, steps: Steps) -> None:
    """Make the base image of another system, and upload it.

    Raises:
        CloudError: it cannot be made, or the cloud does not run.
    """
    host.require_root()
    if not layout.clouds_yaml.exists():
        raise NotRunningError("there is no local cloud yet", where=str(layout.root), remedy="slurm-appliance cloud up")
    built = base.make(system, steps, recorded(layout))
    with steps.step(f"base image {system.name} in Glance"):
        resources.upload_image(layout, built)


def down(layout: CloudLayout, steps: Steps) -> None:
    """Stop everything and leave only files on the machine: the cloud can be started again.

    Raises:
        CloudError: something could not be stopped.
    """
    host.require_root()
    with exclusive(layout):
        _stop(layout, steps)


def reset(layout: CloudLayout, steps: Steps) -> None:
    """Stop everything and remove the cloud's data: images, servers, volumes, users. Keep caches."""
    host.require_root()
    with exclusive(layout):
        _stop(layout, steps)
        with steps.step(f"removed {layout.root}"):
            shutil.rmtree(layout.root, ignore_errors=not layout.root.exists())
    layout.lock.unlink(missing_ok=True)


def _image_after(packages: Callable[[], None], kind: ServerKind, steps: Steps) -> base.BaseImage:
    packages()
    return base.make(DEFAULT, steps, kind)


def _environment(steps: Steps) -> Path:
    if is_ready("cloud"):
        return make_environment("cloud")
    with steps.step("install the services' Python packages"):
        return make_environment("cloud")


def _database(layout: CloudLayout, prefix: Path, steps: Steps) -> None:
    if layout.database.exists():
        return
    if not schema.template_folder().exists():
        with steps.step("create the database template (once for these versions)"):
            schema.make_template(prefix)
    with steps.step("create the database from its template"):
        schema.copy_template(layout)


def _start(layout: CloudLayout, prefix: Path, kind: ServerKind, steps: Steps) -> None:
    # Close access before there is anything to reach.
    perimeter.close(perimeter.gateways())
    host.add_addresses()
    users = passwords(layout)
    write_keys(layout)
    write_configuration(layout, users, prefix, nova_servers.options(kind))
    services.write_search_path(layout, kind)
    if not _runs(layout, database.NAME):
        # Services left from before a database crash would keep dead connections.
        process.stop(_recorded(layout, (MANILA.name, *services.NAMES)), grace=GRACE)
        with steps.step(f"{database.NAME} answers"):
            database.start(layout)
    if not _runs(layout, mirror.NAME):
        mirror.start(layout)
    if kind is ServerKind.VM and not _runs(layout, libvirtd.NAME):
        with steps.step(f"{libvirtd.NAME} answers"):
            libvirtd.start(layout, steps)
    dead = services.dead(layout)
    services.start(layout, prefix, dead, kind)
    services.wait_until_ready(layout, dead, steps)


def _stop(layout: CloudLayout, steps: Steps) -> None:
    if not layout.root.exists():
        return
    with steps.step("stop services"):
        process.stop(_recorded(layout, _STOPPED_FIRST), grace=GRACE)
        for name in _STOPPED_FIRST:
            process.forget(layout, name)
    with steps.step("stop servers, release networks and volumes"):
        nodes.release(layout, alone=host.other(layout) is None)
    with steps.step("stop the database"):
        database.stop(layout)
    left = process.stop([found for found, _ in process.marked(layout.root)], grace=GRACE)
    if left:
        raise ServiceError(
            "processes cannot be stopped", where=str(layout.root), evidence="\n".join(str(one.pid) for one in left)
        )
    folder = host.other(layout)
    if folder is not None:
        steps.note(f"the machine's addresses and network stay: another local cloud is running, in {folder}")
        return
    host.remove_addresses()
    perimeter.remove()


def _recorded(layout: CloudLayout, names: Iterable[str]) -> list[process.Process]:
    found = (process.recorded(layout, name) for name in names)
    return [one for one in found if one]


def _runs(layout: CloudLayout, name: str) -> bool:
    return any(one.alive for one in _recorded(layout, [name]))
