"""The mirror's requirements of the machine: root, PostgreSQL, and a system user."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mirror.errors import MirrorMachineError
from toolchain import apt

#: The user that the mirror's processes run as; it has no login, no home and nothing outside the mirror's folders.
USER = "slurm-appliance-mirror"

#: Debian installs the programs of each major version in a separate folder, not on PATH.
_POSTGRESQL_VERSIONS = Path("/usr/lib/postgresql")

#: Debian's settings for the cluster that it creates when PostgreSQL is installed.
_CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.d")


@dataclass(frozen=True)
class MirrorUser:
    """The user that the mirror's processes run as."""

    uid: int
    gid: int


def require_root() -> None:
    """Raise `MirrorMachineError` unless running as root."""
    if os.geteuid() != 0:
        raise MirrorMachineError(
            "needs root: it creates a system user, and mount and process namespaces",
            where="mirror",
            remedy="run the command as root (sudo)",
        )


def postgresql_programs(version: str = "") -> Path | None:
    """The folder of PostgreSQL's server programs, of one major version or of the newest; None if not installed."""
    found = sorted(
        (folder for folder in _POSTGRESQL_VERSIONS.glob("*/bin") if (folder / "initdb").exists()),
        key=lambda folder: int(folder.parent.name),
    )
    if version:
        found = [folder for folder in found if folder.parent.name == version]
    return found[-1] if found else None


def install_missing() -> list[str]:
    """Install the Debian packages that are missing and return their names.

    Raises:
        PackageInstallError: they cannot be installed.
    """
    if postgresql_programs() is not None:
        return []
    with _no_cluster_of_its_own():
        apt.install(["postgresql"])
    if postgresql_programs() is None:
        where = str(_POSTGRESQL_VERSIONS)
        raise MirrorMachineError(
            "PostgreSQL's programs are missing", where=where, remedy="install the PostgreSQL server"
        )
    return ["postgresql"]


@contextmanager
def _no_cluster_of_its_own() -> Iterator[None]:
    """Keep Debian's packaging from creating and starting a system-wide cluster: only the programs are needed."""
    setting = _CLUSTER_SETTINGS / "slurm-appliance-mirror.conf"
    _CLUSTER_SETTINGS.mkdir(parents=True, exist_ok=True)
    setting.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        setting.unlink()


def account() -> MirrorUser:
    """The mirror's user, created if missing.

    Raises:
        MachineError: it cannot be created.
    """
    try:
        return _known_account()
    except KeyError:
        pass
    options = [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
    ]
    made = subprocess.run(["useradd", *options, USER], check=False, text=True, capture_output=True)
    try:
        return _known_account()
    except KeyError:
        raise MirrorMachineError(
            f"the system user {USER} cannot be created",
            evidence=made.stderr,
            remedy=f"create it with: useradd --system {USER}",
        ) from None


def _known_account() -> MirrorUser:
    entry = pwd.getpwnam(USER)
    return MirrorUser(entry.pw_uid, entry.pw_gid)
