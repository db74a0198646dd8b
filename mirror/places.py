"""Where the mirror keeps what it knows.

    options.json      how it was started last
    service.json      what its supervisor says of itself
    service.lock      locked as long as any process of the mirror lives
    command.lock      locked by the command at work
    admin-password    of Pulp's REST API; root's alone
    settings.py       Pulp's settings, with its signing secret
    database.key      encrypts the credentials in the database
    schema            which Pulp the database's tables were made for
    tls-*.pem         copies of certificate and key for the content server
    database/         PostgreSQL's cluster
    content/          the packages
    work/             of running tasks
    logs/             one file a process

Processes of the mirror run as an ordinary system user; only ``database``, ``content`` and ``work`` are theirs.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toolchain.paths import state_folder

#: Sockets lie here: a socket's path may have 107 bytes at most, and a state folder's may be longer.
_SOCKETS = Path("/run/slurm-appliance")


@dataclass(frozen=True)
class MirrorPlaces:
    """The files of one mirror.

    Attributes:
        state: the folder that holds all of them.
    """

    state: Path

    @classmethod
    def default(cls) -> "MirrorPlaces":
        """The mirror of this user on this machine."""
        return cls(state_folder("mirror"))

    @property
    def options(self) -> Path:
        """How the mirror was started last, as JSON."""
        return self.state / "options.json"

    @property
    def record(self) -> Path:
        """What the supervisor says of itself, as JSON."""
        return self.state / "service.json"

    @property
    def service_lock(self) -> Path:
        """Locked as long as any process of the mirror lives."""
        return self.state / "service.lock"

    @property
    def command_lock(self) -> Path:
        """Locked by the command at work."""
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
        """A copy of the certificate for the content server, which may not read the operator's."""
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
        """Which Pulp the database's tables were made for: a digest of its lock."""
        return self.state / "schema"

    @property
    def content(self) -> Path:
        """The packages."""
        return self.state / "content"

    @property
    def work(self) -> Path:
        """The folder of running tasks."""
        return self.state / "work"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.state / "logs"

    @property
    def sockets(self) -> Path:
        """The folder of PostgreSQL's socket."""
        digest = hashlib.sha256(bytes(self.state)).hexdigest()[:12]
        return _SOCKETS / f"mirror-{digest}"
