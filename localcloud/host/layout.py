"""The paths of a cloud's files; the one place that defines them."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toolchain.paths import cache_folder, state_folder

#: Environment variable with another state folder, for a second cloud.
STATE_VARIABLE = "SLURM_APPLIANCE_CLOUD_STATE"

#: MariaDB's socket must fit into a ``sockaddr_un``.
_LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class CloudLayout:
    """The files of one cloud.

    Attributes:
        root: the state folder: images, servers, volumes, the database, secrets.
    """

    root: Path

    @classmethod
    def of_user(cls) -> "CloudLayout":
        """The cloud of the current user, or the one set in the environment."""
        named = os.environ.get(STATE_VARIABLE, "")
        return cls(Path(named).resolve() if named else state_folder("cloud"))

    @cached_property
    def etc(self) -> Path:
        """The services' configuration files."""
        return self.root / "etc"

    @cached_property
    def log(self) -> Path:
        """One log per service."""
        return self.root / "log"

    @cached_property
    def run(self) -> Path:
        """Process records, sockets, readiness files."""
        return self.root / "run"

    @cached_property
    def database(self) -> Path:
        """MariaDB's data folder."""
        return self.root / "database"

    @cached_property
    def database_socket(self) -> Path:
        """MariaDB's socket, its only access."""
        return self.run / "mariadb.sock"

    @property
    def database_socket_fits(self) -> bool:
        """Whether the socket's path is short enough for the kernel."""
        return len(os.fsencode(self.database_socket)) <= _LONGEST_SOCKET_PATH

    @cached_property
    def keys(self) -> Path:
        """Keystone's key repositories."""
        return self.root / "keys"

    @cached_property
    def python(self) -> Path:
        """The services' module search path: a link to this package and its entry points, nothing else."""
        return self.root / "python"

    @cached_property
    def libvirt(self) -> Path:
        """libvirt's folders, on a cloud of virtual machines."""
        return self.root / "libvirt"

    @cached_property
    def passwords(self) -> Path:
        """The passwords of the cloud's users."""
        return self.root / "passwords.json"

    @cached_property
    def clouds_yaml(self) -> Path:
        """What OpenStack clients read."""
        return self.root / "clouds.yaml"

    @cached_property
    def faults(self) -> Path:
        """The enabled faults; exists only while a fault is enabled."""
        return self.root / "faults.json"

    @cached_property
    def known_hosts(self) -> Path:
        """The servers' ssh host keys, by server ID."""
        return self.root / "known_hosts"

    @cached_property
    def lock(self) -> Path:
        """Held while the cloud is started, stopped or removed. Next to the folder, because a reset removes that."""
        return self.root.with_name(self.root.name + ".lock")

    def service_log(self, service: str) -> Path:
        """The log of a service."""
        return self.log / f"{service}.log"

    def service_state(self, service: str) -> Path:
        """A service's own data folder."""
        return self.root / service

    def ready_file(self, service: str) -> Path:
        """Exists when a service has reported that it is ready."""
        return self.run / f"{service}.ready"

    def make_folders(self) -> None:
        """Create the folders, accessible only by their owner."""
        own = [self.service_state(name) for name in ("glance", "nova", "neutron", "cinder")]
        keys = [self.keys / name for name in ("fernet", "receipts", "credential")]
        for folder in (self.root, self.etc, self.log, self.run, self.keys, self.python, *keys, *own):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)


#: The package that the services import their drivers and launchers from.
PACKAGE = Path(__file__).resolve().parent.parent

REQUIREMENTS = PACKAGE / "requirements"


def cloud_cache(*parts: str) -> Path:
    """Folder of caches: environments, database templates, base images, packages."""
    return cache_folder("cloud", *parts)


def workshop(template: Path) -> Path:
    """Where a template of the databases is made: beside it, with a short name, because MariaDB's socket is in it."""
    return template.with_name(f"new-{template.name[:8]}")


def is_workshop(folder: Path) -> bool:
    """Whether a folder is a `workshop`, and no cloud's."""
    return folder.parent == cloud_cache("database") and folder.name.startswith("new-")
