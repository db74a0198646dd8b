"""The accounting database as a compressed SQL file, by MariaDB's own programs over its local socket."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path
from typing import IO, cast

#: Its last line, without which a dump is not whole.
_END = b"-- Dump completed"


class AccountingDatabaseError(RuntimeError):
    """Raised when MariaDB's programs fail; has their message."""


class AccountingDatabase:
    """A database of this node's MariaDB server, as root.

    Args:
        name: of the database.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def exists(self) -> bool:
        """Whether there is one.

        Raises:
            AccountingDatabaseError: the server does not respond.
        """
        return self._ask("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{}'") == "1"

    def size(self) -> int:
        """Bytes that its tables take.

        Raises:
            AccountingDatabaseError: the server does not respond.
        """
        question = (
            "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables "
            "WHERE table_schema = '{}'"
        )
        return int(self._ask(question))

    def dump(self, path: Path) -> None:
        """Write all of it to a new compressed file.

        Raises:
            AccountingDatabaseError: mariadb-dump failed, or the dump is not whole.
        """
        command = ["mariadb-dump", "--single-transaction", "--quick", "--routines", "--triggers", self.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            last = b""
            with gzip.open(path, "wb", compresslevel=1) as file:
                while chunk := cast("IO[bytes]", child.stdout).read(1 << 20):
                    file.write(chunk)
                    last = (last + chunk)[-4096:]
            said = cast("IO[bytes]", child.stderr).read().decode(errors="replace").strip()
        if child.returncode:
            raise AccountingDatabaseError(f"mariadb-dump failed: {said or f'exit status {child.returncode}'}")
        if _END not in last:
            raise AccountingDatabaseError("mariadb-dump ended before the end of the database")

    def load(self, path: Path) -> None:
        """Replace all of it by a dump.

        Raises:
            AccountingDatabaseError: mariadb failed.
        """
        self._run(f"DROP DATABASE IF EXISTS `{self.name}`; CREATE DATABASE `{self.name}`;")
        with (
            gzip.open(path, "rb") as file,
            subprocess.Popen(
                ["mariadb", "--batch", self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            ) as child,
        ):
            try:
                with cast("IO[bytes]", child.stdin) as pipe:
                    shutil.copyfileobj(file, pipe, 1 << 20)
            except BrokenPipeError:
                pass  # Its error output and exit status have the reason.
            said = cast("IO[bytes]", child.stderr).read().decode(errors="replace").strip()
        if child.returncode:
            raise AccountingDatabaseError(f"mariadb failed to load {path}: {said or f'exit status {child.returncode}'}")

    def _ask(self, question: str) -> str:
        return self._run(question.format(self.name)).strip()

    @staticmethod
    def _run(statements: str) -> str:
        command = ["mariadb", "--batch", "--skip-column-names"]
        done = subprocess.run(command, input=statements, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AccountingDatabaseError(f"MariaDB: {done.stderr.strip() or f'exit status {done.returncode}'}")
        return done.stdout
