"""PostgreSQL's cluster: created once, or unpacked from a template of an earlier mirror with the same versions.

The cluster belongs to the mirror alone: its own folder and socket, no TCP port, and access only for the system user
that owns it (peer authentication), so there is no password.
"""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mirror.environment import lock_digest
from mirror.errors import MirrorMachineError, MirrorServiceError
from mirror.files import make_folder, remove_tree
from mirror.machine import MirrorUser, postgresql_programs
from mirror.places import MirrorPlaces
from mirror.pulp_settings import process_environment
from toolchain.paths import cache_folder

_INITDB = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=peer", "--no-sync")

_CONFIGURATION = """
# The mirror's own settings, read after the defaults above.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 64MB
log_destination = stderr
logging_collector = off
"""


def template_folder() -> Path:
    """The folder of the templates, created if missing."""
    folder = cache_folder("mirror")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class PostgresCluster:
    """The cluster of one mirror.

    Attributes:
        places: its folders.
        programs: the folder of the server's programs.
        account: its owner.
    """

    places: MirrorPlaces
    programs: Path
    account: MirrorUser

    @classmethod
    def of(cls, places: MirrorPlaces, account: MirrorUser) -> "PostgresCluster":
        """The existing cluster with the programs of its version, or a new one with the newest version.

        Raises:
            MachineError: the programs of its version are not installed.
        """
        version_file = places.database / "PG_VERSION"
        version = version_file.read_text().strip() if version_file.exists() else ""
        programs = postgresql_programs(version)
        if programs is None:
            raise MirrorMachineError(
                f"created by PostgreSQL {version}, which is not installed",
                where=str(places.database),
                remedy=f"install postgresql-{version}, or upgrade the cluster with pg_upgrade",
            )
        return cls(places, programs, account)

    @property
    def exists(self) -> bool:
        """Whether the cluster exists."""
        return (self.places.database / "PG_VERSION").exists()

    @property
    def template(self) -> Path:
        """The archive of a cluster with the tables of our Pulp, in the cache; it contains no user and no secret."""
        version = subprocess.run([self.programs / "postgres", "--version"], check=True, capture_output=True, text=True)
        parts = (lock_digest(), version.stdout, *_INITDB, _CONFIGURATION)
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return template_folder() / f"database-{digest}.tar.gz"

    def server_command(self) -> list[str]:
        """The command to run the server in the foreground."""
        return [str(self.programs / "postgres"), "-D", str(self.places.database), "-k", str(self.places.sockets)]

    def ready_command(self) -> list[str]:
        """The command that exits with 0 as soon as the server accepts connections."""
        return [str(self.programs / "pg_isready"), "--quiet", "--host", str(self.places.sockets)]

    def sql_command(self, statement: str, database: str = "postgres") -> list[str]:
        """The command that runs a statement and prints only the result."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return [str(self.programs / "psql"), *options, f"--host={self.places.sockets}", database, "-c", statement]

    def make(self) -> None:
        """Create an empty cluster, atomically.

        Raises:
            ServiceError: initdb failed.
        """
        fresh = self._fresh_folder()
        ended = self._run([str(self.programs / "initdb"), *_INITDB, "-D", str(fresh)])
        if ended.returncode:
            raise MirrorServiceError(
                "initdb failed", where="postgresql", evidence=ended.stderr.decode(errors="replace")
            )
        with (fresh / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION)
        fresh.rename(self.places.database)

    def unpack_template(self) -> bool:
        """Create the cluster from the template; return False if that is missing or unreadable."""
        template = self.template
        if not template.exists():
            return False
        fresh = self._fresh_folder()
        with template.open("rb") as archive:
            ended = self._run(["tar", "-xzp", "-C", str(fresh)], stdin=archive)
        if ended.returncode:
            # A full disk may have truncated it; the caller then creates the cluster and a new template.
            template.unlink()
            return False
        fresh.rename(self.places.database)
        return True

    def keep_as_template(self) -> None:
        """Archive the cluster as a template for new mirrors; its server must not be running.

        Raises:
            ServiceError: it cannot be archived.
        """
        template = self.template
        fresh = template.with_name(f"{template.name}.{os.getpid()}")
        with fresh.open("wb") as archive:
            ended = self._run(["tar", "-c", "-I", "gzip -1", "-C", str(self.places.database), "."], stdout=archive)
        if ended.returncode:
            fresh.unlink()
            raise MirrorServiceError(
                "cannot be archived", where=str(self.places.database), evidence=ended.stderr.decode()
            )
        fresh.replace(template)

    def _run(
        self, command: list[str], stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program as the cluster's owner; files passed to it may be ones that it cannot open itself."""
        return subprocess.run(
            command,
            check=False,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.places.work,
            env=process_environment(self.places),
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=[],
        )

    def _fresh_folder(self) -> Path:
        fresh = self.places.database.with_name("database.new")
        remove_tree(fresh)
        make_folder(fresh, mode=0o700, owner=self.account.uid, group=self.account.gid)
        return fresh
