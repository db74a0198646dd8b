"""What this machine has, what it lacks, and what each missing piece blocks.

Facts are gathered by small probes; what they mean is decided here, in one table a reader can follow.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from toolchain.ensure import survey_and_plan
from toolchain.paths import cache_folder
from toolchain.pieces import Piece, Provision
from toolchain.plan import Build, Install

#: Room for the toolchain's build (4.5 GB), the local cloud's services and a few images.
_DISK_GB = 14
#: The control plane of the local cloud and four nodes.
_MEMORY_GB = 4


class State(StrEnum):
    """Whether a piece is there."""

    OK = "ok"
    #: Not there yet; the command that needs it gets it.
    LATER = "later"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One piece that some feature needs.

    Attributes:
        piece: what it is.
        state: whether it is there.
        found: what is there: a version, a path, an amount; empty where it is missing.
        blocks: what does not work without it.
        remedy: how to get it; empty where it is there.
    """

    piece: str
    state: State
    found: str
    blocks: str
    remedy: str

    def as_json(self) -> dict[str, object]:
        """The finding as a JSON object with the attributes' names."""
        return asdict(self)


def findings() -> list[Finding]:
    """Look at everything that a feature of this project needs on the deploy host."""
    return [*_programs(), *_toolchain(), *_clouds(), *_local_cloud()]


def _finding(piece: str, found: str, blocks: str, remedy: str, *, enough: bool | None = None) -> Finding:
    """A piece that is there if anything was found, or only if that is enough."""
    ok = bool(found) if enough is None else enough
    return Finding(piece, State.OK if ok else State.MISSING, found, blocks, "" if ok else remedy)


def _programs() -> Iterator[Finding]:
    for program, blocks, remedy in (
        ("ssh", "image builds and cluster creation: they reach the servers over ssh", "apt install openssh-client"),
        ("git", "the commit in image records; check", "apt install git"),
    ):
        yield _finding(program, shutil.which(program) or "", blocks, remedy)


def _toolchain() -> Iterator[Finding]:
    blocks = "up, preview, destroy, the engine tests"
    _, actions = survey_and_plan()
    for action in actions:
        match action:
            case Provision(piece, version, origin, path):
                yield Finding(piece, State.OK, f"{version}, {origin}: {path}", blocks, "")
            case Install(piece, why):
                yield _to_come(piece, blocks, f"is installed on first use, or now by the command toolchain: {why}")
            case Build(piece, why):
                yield _to_come(piece, blocks, f"is built on first use, or now by the command toolchain: {why}")


def _to_come(piece: Piece, blocks: str, remedy: str) -> Finding:
    return Finding(piece, State.LATER, "", blocks, remedy)


def _clouds() -> Iterator[Finding]:
    folders = [Path.cwd(), Path.home() / ".config/openstack", Path("/etc/openstack")]
    files = [folder / "clouds.yaml" for folder in folders]
    if named := os.environ.get("OS_CLIENT_CONFIG_FILE"):
        files.insert(0, Path(named))
    there = next((str(file) for file in files if file.is_file()), "")
    yield _finding(
        "OpenStack credentials",
        there or ("OS_* variables" if os.environ.get("OS_AUTH_URL") else ""),
        "up and preview on a cloud of yours; the local cloud brings its own",
        "put a clouds.yaml into ~/.config/openstack, or source your openrc file",
    )


def _local_cloud() -> Iterator[Finding]:
    blocks = "the local cloud: demo, engine and lifecycle tests"
    yield _finding("root", "yes" if os.geteuid() == 0 else "", blocks, "run it as root, on a machine of yours")
    yield _debian_packages(blocks)
    folder = next(parent for parent in [cache_folder(), *cache_folder().parents] if parent.exists())
    free = shutil.disk_usage(folder).free / 1e9
    yield _finding("disk", f"{free:.0f} GB free", blocks, f"{_DISK_GB} GB in {folder}", enough=free >= _DISK_GB)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    yield _finding("memory", f"{memory:.0f} GB", blocks, f"{_MEMORY_GB} GB", enough=memory >= _MEMORY_GB)


def _debian_packages(blocks: str) -> Finding:
    from localcloud.control.debian import missing

    if shutil.which("apt-get") is None:
        return Finding("Debian packages", State.MISSING, "", blocks, "the local cloud needs Debian 12")
    absent = [package.name for package in missing()]
    if absent:
        return Finding("Debian packages", State.LATER, "", blocks, f"cloud up installs them: {' '.join(absent)}")
    return Finding("Debian packages", State.OK, "all installed", blocks, "")
