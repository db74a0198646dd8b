"""Prepares a start: folders, settings, the database and its tables, the admin user."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mirror.bookkeeping import Bookkeeping
from mirror.children import Child, Program, Surroundings, stop, wait_until
from mirror.database import PostgresCluster
from mirror.environment import lock_digest
from mirror.errors import MirrorServiceError
from mirror.files import make_folder, write_atomically
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.programs import manager
from mirror.pulp_settings import DATABASE, process_environment, write_settings
from mirror.record import SupervisorRecord

#: Timeout for PostgreSQL to accept connections, in seconds: after a crash it replays its log first.
_DATABASE_LIMIT = 120.0
#: Timeout of an administrative command of Pulp, in seconds: migrating a large database may be slow.
_MANAGER_LIMIT = 1800.0

_PASSWORD = re.compile(r'password to "([A-Za-z0-9]{12,})"')


class MirrorProvision:
    """The preparation of one start; completed steps are skipped.

    Args:
        places: the mirror's folders.
        options: its start options.
        environment: Pulp's virtual environment.
        surroundings: shared properties of all processes.
        record: the record of the steps.
    """

    def __init__(
        self,
        places: MirrorPlaces,
        options: Options,
        environment: Path,
        surroundings: Surroundings,
        record: SupervisorRecord,
    ) -> None:
        self._places = places
        self._options = options
        self._environment = environment
        self._surroundings = surroundings
        self._record = record

    def files(self) -> None:
        """Create the folders and files that the processes need."""
        account = self._surroundings.account
        content = self._places.content
        for folder in (content, content / "media", content / "assets", self._places.work):
            make_folder(folder, mode=0o750, owner=account.uid, group=account.gid)
        make_folder(self._places.sockets, mode=0o700, owner=account.uid, group=account.gid)
        copies = {
            self._places.tls_certificate: self._options.tls_certificate,
            self._places.tls_key: self._options.tls_key,
        }
        for copy, original in copies.items():
            if original:
                write_atomically(copy, Path(original).read_text(), mode=0o640, group=account.gid)
        write_settings(self._places, self._options, account)

    def database(self) -> Child:
        """Start the database server, with a cluster and the tables of our Pulp version.

        Raises:
            ServiceError: one of the steps failed.
        """
        cluster = PostgresCluster.of(self._places, self._surroundings.account)
        made = False
        if not cluster.exists:
            with self.step("database"):
                if cluster.unpack_template():
                    write_atomically(self._places.schema, lock_digest())
                else:
                    cluster.make()
                    made = True
        # Process IDs are reused in each namespace, so this one may now belong to another of our processes. Our lock
        # proves that no server is running.
        (self._places.database / "postmaster.pid").unlink(missing_ok=True)
        command, variables = cluster.server_command(), process_environment(self._places)
        server = Child(Program("postgresql", command, variables, signal.SIGINT, 60.0), self._surroundings)
        try:
            with self.step("postgresql"):
                self._boot(server, cluster)
            if not self._tables_are_ours():
                with self.step("tables"):
                    self._make_tables(cluster)
                if made:
                    with self.step("template"):
                        stop([server])
                        self._keep_template(cluster)
                        self._boot(server, cluster)
            Bookkeeping(self._places, self._surroundings).forget("%")
        except BaseException:
            stop([server])
            raise
        return server

    def admin(self) -> None:
        """Create the admin user with a random password, which is stored only in the file of that name.

        Raises:
            ServiceError: Pulp did not create it.
        """
        if self._places.admin_password.exists():
            return
        with self.step("admin"):
            command = manager(self._places, self._environment, "reset-admin-password", "--random")
            said = self._surroundings.run(command, _MANAGER_LIMIT, secret=True)
            found = _PASSWORD.search(said)
            if found is None:
                raise MirrorServiceError("did not print the new password", where=" ".join(command.command))
            write_atomically(self._places.admin_password, found[1] + "\n", mode=0o600)

    def _boot(self, server: Child, cluster: PostgresCluster) -> None:
        server.start()
        ready = Program("pg_isready", cluster.ready_command(), process_environment(self._places))

        def missing() -> str:
            try:
                self._surroundings.run(ready, 10.0)
            except MirrorServiceError as error:
                return f"PostgreSQL ({error.what})"
            return ""

        wait_until(missing, _DATABASE_LIMIT, [server])

    def _tables_are_ours(self) -> bool:
        return self._places.schema.exists() and self._places.schema.read_text() == lock_digest()

    def _make_tables(self, cluster: PostgresCluster) -> None:
        """Create the tables, or migrate those of another Pulp version."""
        variables = process_environment(self._places)

        def sql(statement: str) -> str:
            return self._surroundings.run(Program("psql", cluster.sql_command(statement), variables), 60.0).strip()

        if not sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 - a constant of ours
            sql(f"CREATE DATABASE {DATABASE}")
        self._surroundings.run(manager(self._places, self._environment, "migrate", "--no-input"), _MANAGER_LIMIT)
        write_atomically(self._places.schema, lock_digest())

    def _keep_template(self, cluster: PostgresCluster) -> None:
        try:
            cluster.keep_as_template()
        except MirrorServiceError as error:
            # Not fatal: it would only speed up the next mirror's start.
            print(f"cannot create a template: {error}", flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Record a step when it starts and its duration when it ends."""
        started = time.monotonic()
        self._record.step = name
        self._record.save(self._places.record)
        yield
        self._record.steps.append((name, time.monotonic() - started))
        self._record.save(self._places.record)
