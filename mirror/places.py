"""The paths of the mirror's files.

    options.json      options of the last start
    service.json      the supervisor's record
    service.lock      locked while any process of the mirror is running
    command.lock      locked by the running command
    admin-password    of Pulp's REST API; only for root
    settings.py       Pulp's settings, with its signing secret
    database.key      encrypts the credentials in the database
    schema            the Pulp version of the database's tables
    tls-*.pem         copies of certificate and key for the content server
    database/         PostgreSQL's cluster
    content/          the packages
    work/             working folder of tasks
    logs/             one file per process

The mirror's processes run as an ordinary system user, which owns only ``database``, ``content`` and ``work``.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toolchain.paths import state_folder

#: Folder of sockets: their paths are limited to 107 bytes, and the state folder's path may be longer.
_SOCKETS = Path("/run/slurm-appliance")


@dataclass(frozen=True)
class MirrorPlaces:
    """The files of one mirror.

    Attributes:
        state: the folder of all files.
    """

    state: Path

    @classmethod
    def default(cls) -> "MirrorPlaces":
        """The mirror of this user on this machine."""
        return cls(state_folder("mirror"))

    @property
    def options(self) -> Path:
        """Options of the last start, as JSON."""
        return self.state / "options.json"

    @property
    def record(self) -> Path:
        """The supervisor's record, as JSON."""
        return self.state / "service.json"

    @property
    def service_lock(self) -> Path:
        """Locked while any process of the mirror is running."""
        return self.state / "service.lock"

    @property
    def command_lock(self) -> Path:
        """Locked by the running command."""
        return self.state / "command.lock"

    @property
    def admin_password(self) -> Path:
        """The password of Pulp's user ``admin``."""
        return self.state / "admin-password"

    @property
    def settings(self) -> Path:
        """Pulp's settings."""
        return self.state / "settings.py"

    @property
    def database_key(self) -> Path:
        """The key for the encrypted fields of the database."""
        return self.state / "database.key"

    @property
    def tls_certificate(self) -> Path:
        """A copy of the certificate for the content server, which cannot read the operator's file."""
        return self.state / "tls-certificate.pem"

    @property
    def tls_key(self) -> Path:
        """A copy of the certificate's key, for the same reason."""
        return self.state / "tls-key.pem"

    @property
    def database(self) -> Path:
        """PostgreSQL's cluster."""
        return self.state / "database"

    @property
    def schema(self) -> Path:
        """The Pulp version of the database's tables: a digest of its lock."""
        return self.state / "schema"

    @property
    def content(self) -> Path:
        """The packages."""
        return self.state / "content"

    @property
    def work(self) -> Path:
        """The working folder of tasks."""
        return self.state / "work"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.state / "logs"

    @property
    def sockets(self) -> Path:
        """The folder of PostgreSQL's socket."""
        digest = hashlib.sha256(bytes(self.state)).hexdigest()[:12]
        return _SOCKETS / f"mirror-{digest}"
