"""MariaDB on a socket: the database of all services."""

import subprocess
import time

from localcloud.control import process
from localcloud.control.files import tail
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout
from localcloud.host.programs import program

#: The name of its process and log.
NAME = "mariadb"

#: Timeout for it to respond, in seconds: after an unclean end it repairs itself first.
LIMIT = 60.0


def initialise(layout: CloudLayout) -> None:
    """Create an empty data folder in which the system's root is the database's root, only by the socket.

    Raises:
        ServiceError: MariaDB's own script fails.
    """
    command = [program("mariadb-install-db"), "--no-defaults", f"--datadir={layout.database}", "--user=root"]
    command += ["--auth-root-authentication-method=socket", "--skip-test-db", "--skip-name-resolve", "--skip-log-bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(
            f"mariadb-install-db failed with exit status {done.returncode}",
            where=str(layout.database),
            evidence="\n".join((done.stdout + done.stderr).splitlines()[-15:]),
            remedy="is the disk full?",
        )


def start(layout: CloudLayout, *, durable: bool = True) -> None:
    """Start the server and wait until it responds.

    Args:
        layout: the cloud.
        durable: False for a database that is discarded if the machine crashes before it is complete.

    Raises:
        ServiceError: it does not respond; has the last lines of its log.
    """
    if not layout.database_socket_fits:
        raise ServiceError(
            "the state folder's path is too long for a socket", where=str(layout.root), remedy="use a shorter path"
        )
    layout.database_socket.unlink(missing_ok=True)
    command = [program("mariadbd"), "--no-defaults", "--user=root", f"--datadir={layout.database}"]
    command += [f"--socket={layout.database_socket}", f"--pid-file={layout.run / 'mariadb.pid'}", "--skip-networking"]
    command += ["--max-connections=500", "--character-set-server=utf8mb3", "--skip-log-bin"]
    command += ["--innodb-buffer-pool-size=128M", "--innodb-log-file-size=24M", "--performance-schema=off"]
    # Written at each commit, flushed to disk once a second: a crash of the machine loses one second at most.
    command += ["--innodb-flush-log-at-trx-commit=2"] if durable else ["--innodb-flush-method=nosync"]
    server = process.start(layout, NAME, command)
    end = time.monotonic() + LIMIT
    while not _answers(layout):
        if not server.alive or time.monotonic() > end:
            raise ServiceError(
                "did not respond within {LIMIT:.0f} s" if server.alive else "exited during startup",
                where=NAME,
                evidence=tail(layout.service_log(NAME)),
                remedy="`cloud reset` starts from scratch; it deletes the cloud's servers and images",
            )
        time.sleep(0.1)


def execute(layout: CloudLayout, statements: str) -> None:
    """Run SQL statements as the database's root.

    Raises:
        ServiceError: a statement fails.
    """
    done = _client(layout, statements)
    if done.returncode:
        raise ServiceError("an SQL statement failed", where=NAME, evidence=done.stderr)


def stop(layout: CloudLayout) -> None:
    """Stop the server cleanly, so that it needs no repair at the next start."""
    server = process.recorded(layout, NAME)
    if server:
        process.stop([server], grace=LIMIT)
        process.forget(layout, NAME)


def _answers(layout: CloudLayout) -> bool:
    return layout.database_socket.exists() and _client(layout, "select 1;").returncode == 0


def _client(layout: CloudLayout, statements: str) -> "subprocess.CompletedProcess[str]":
    command = [program("mariadb"), "--no-defaults", "--user=root", f"--socket={layout.database_socket}"]
    return subprocess.run(command, input=statements, capture_output=True, text=True, check=False)
