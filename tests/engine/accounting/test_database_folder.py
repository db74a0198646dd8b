"""The folder of the databases, as the role makes it: real tables of MariaDB's own program."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ansible.roles import run_role
from toolchain.apt import install

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


@pytest.fixture
def state() -> Iterator[Path]:
    """A state volume. Not below pytest's folder, which other sessions of pytest close to other users."""
    install(("mariadb-server-core", "mariadb-client-core"))
    with tempfile.TemporaryDirectory(prefix="state-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def given(state: Path) -> dict[str, object]:
    """Variables of the role, with a user that each machine has."""
    return {"mariadb_data_folder": str(state / "mysql"), "mariadb_user": "nobody", "mariadb_group": "nogroup"}


def starts(folder: Path) -> bool:
    """Whether MariaDB runs on it: it does one statement, and ends."""
    command = ["mariadbd", "--no-defaults", "--bootstrap", "--user=nobody", f"--datadir={folder}"]
    statement = "SELECT User FROM mysql.global_priv;\n"
    return subprocess.run(command, input=statement, capture_output=True, text=True, check=False).returncode == 0


def test_an_interrupted_run_leaves_no_half_of_a_database(tmp_path: Path, state: Path, given: dict[str, object]) -> None:
    folder = state / "mysql"
    folder.mkdir()
    programs = tmp_path / "programs"
    programs.mkdir()
    killed = programs / "mariadb-install-db"
    killed.write_text(f"#!/bin/sh\nmkdir --parents {folder}.new/mysql {folder}.new/performance_schema\nkill -9 $PPID\n")
    killed.chmod(0o755)
    with pytest.raises(AssertionError, match='"rc": -9'):
        run_role(tmp_path, "mariadb/data_folder", given, {}, programs=str(programs))
    assert not (folder / "mysql").exists()
    first, again = run_role(tmp_path, "mariadb/data_folder", given, {}, {})
    assert (first.changed, again.changed) == (True, False)
    assert starts(folder)
    assert (folder.owner(), folder.stat().st_mode & 0o777) == ("nobody", 0o750)
    assert not Path(f"{folder}.new").exists()


def test_files_without_system_tables_are_put_aside(tmp_path: Path, state: Path, given: dict[str, object]) -> None:
    """An earlier release was interrupted before it had made them."""
    folder = state / "mysql"
    folder.mkdir()
    (folder / "ibdata1").write_text("")
    (done,) = run_role(tmp_path, "mariadb/data_folder", given, {})
    assert done.changed
    assert starts(folder)
    (aside,) = state.glob("mysql.incomplete-*")
    assert [path.name for path in aside.iterdir()] == ["ibdata1"]


def test_databases_of_mysql_are_refused_and_not_touched(tmp_path: Path, state: Path, given: dict[str, object]) -> None:
    folder = state / "mysql"
    (folder / "mysql").mkdir(parents=True)
    (folder / "mysql.ibd").write_text("the dictionary")
    folder.chmod(0o700)
    before = [(path, path.stat().st_mtime_ns, path.stat().st_uid) for path in (folder, *folder.rglob("*"))]
    with pytest.raises(AssertionError, match="migration"):
        run_role(tmp_path, "mariadb/data_folder", given, {})
    assert [(path, path.stat().st_mtime_ns, path.stat().st_uid) for path in (folder, *folder.rglob("*"))] == before
