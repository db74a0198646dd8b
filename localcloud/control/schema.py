"""The databases of all services with their tables, created once and kept as a template.

Creating the tables takes more than a minute, copying them a second. The template contains no password, address or user:
Keystone adds those of the cloud when it starts, so one template serves all clouds on the machine.
"""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localcloud.control import database, process
from localcloud.control.configuration import DATABASES, write_configuration
from localcloud.control.environment import lock_file
from localcloud.endpoints import ENDPOINTS
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout, cloud_cache, workshop
from localcloud.host.programs import program
from toolchain.once import exclusively

#: Nova fills this in from its own configuration, so a copy can have another socket path.
_CELL = "{scheme}://{username}@{hostname}/%s?{query}"

_CELL1 = ("--transport-url", "fake:///", "--database_connection", _CELL % "nova")

_NOVA = ("nova-manage", "--config-file", "nova.conf")

#: The commands of each service, in order. Services run in parallel.
_COMMANDS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("neutron-db-manage", "--config-file", "neutron.conf", "upgrade", "heads"),),
    (
        (*_NOVA, "api_db", "sync"),
        (*_NOVA, "cell_v2", "map_cell0", "--database_connection", _CELL % "nova_cell0"),
        (*_NOVA, "cell_v2", "create_cell", "--name", "cell1", *_CELL1),
        (*_NOVA, "db", "sync"),
    ),
    (("cinder-manage", "--config-file", "cinder.conf", "db", "sync"),),
    (("keystone-manage", "--config-file", "keystone.conf", "db_sync"),),
    (("glance-manage", "--config-file", "glance-api.conf", "db_sync"),),
    (("placement-manage", "--config-file", "placement.conf", "db", "sync"),),
)


def template_folder() -> Path:
    """The template's folder for these versions of the services and of MariaDB; it may not exist yet."""
    version = subprocess.run([program("mariadbd"), "--version"], capture_output=True, text=True, check=False).stdout
    digest = hashlib.sha256(lock_file("cloud").read_bytes())
    for part in (version, repr(_COMMANDS), repr(DATABASES)):
        digest.update(part.encode())
    return cloud_cache("database", digest.hexdigest()[:16])


def make_template(prefix: Path) -> None:
    """Create the template if it is missing.

    Args:
        prefix: the services' virtual environment.

    Raises:
        ServiceError: a service's own program fails; has the end of its output.
    """
    folder = template_folder()
    if folder.exists():
        return
    with exclusively(folder):
        if not folder.exists():
            _make(folder, prefix)


def _make(folder: Path, prefix: Path) -> None:
    place = CloudLayout(workshop(folder))
    # Of a run that was killed.
    _discard(place)
    place.make_folders()
    passwords = dict.fromkeys((endpoint.name for endpoint in ENDPOINTS), "unused")
    try:
        write_configuration(place, passwords, prefix)
        database.initialise(place)
        database.start(place, durable=False)
        names = "".join(f"CREATE DATABASE {name} CHARACTER SET utf8mb3;" for name in DATABASES)
        database.execute(place, names)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            # Iterate over the results, so that the first failure is raised.
            list(pool.map(lambda commands: _run(place, prefix, commands), _COMMANDS))
        database.stop(place)
        os.sync()
        place.database.replace(folder)
    finally:
        _discard(place)


def _discard(place: CloudLayout) -> None:
    process.stop([found for found, _ in process.marked(place.root)], grace=0)
    if place.root.exists():
        shutil.rmtree(place.root)


def copy_template(layout: CloudLayout) -> None:
    """Give a cloud without a database a copy of the template, atomically."""
    fresh = layout.database.with_name("database.new")
    shutil.rmtree(fresh, ignore_errors=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(template_folder()), str(fresh)], check=True)
    fresh.replace(layout.database)


def _run(layout: CloudLayout, prefix: Path, commands: tuple[tuple[str, ...], ...]) -> None:
    for name, *arguments in commands:
        command = [str(prefix / "bin" / name), *arguments]
        environment = {**os.environ, process.MARK: str(layout.root), "PYTHONWARNINGS": "ignore"}
        # Native threads, as the services run: OpenStack is removing eventlet.
        environment |= {"OS_NOVA_DISABLE_EVENTLET_PATCHING": "1", "OS_CINDER_DISABLE_EVENTLET_PATCHING": "1"}
        done = subprocess.run(command, env=environment, cwd=layout.etc, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(
                f"{name} failed with exit status {done.returncode}",
                where=" ".join(arguments),
                evidence="\n".join((done.stdout + done.stderr).splitlines()[-20:]),
            )
