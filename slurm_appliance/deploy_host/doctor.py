"""What this machine has, what is missing, and which features each missing piece blocks.

Small probes gather the facts; one table here decides what they mean.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from toolchain.ensure import survey_and_plan
from toolchain.paths import cache_folder
from toolchain.pieces import InstalledPiece, Piece
from toolchain.plan import Build, Install

#: Space for the toolchain's build (4.5 GB), the local cloud's services and a few images.
_DISK_GB = 14
#: The control plane of the local cloud and four nodes.
_MEMORY_GB = 4


class PieceState(StrEnum):
    """Whether a piece is installed."""

    OK = "ok"
    #: Not installed yet; the command that needs it installs it.
    LATER = "later"
    MISSING = "missing"


class Feature(StrEnum):
    """A feature that a machine may support."""

    CLUSTERS = "clusters on your cloud (up, preview, image, rollout)"
    LOCAL_CLOUD = "the local cloud (demo, cloud, engine and lifecycle tests)"
    GATES = "checks of a change (check)"


@dataclass(frozen=True)
class CheckedPiece:
    """A piece that a feature needs.

    Attributes:
        piece: its name.
        state: whether it is installed.
        found: what was found: a version, a path, an amount; empty if missing.
        blocks: the features that need it.
        remedy: how to install it, or what installs it; empty if installed.
    """

    piece: str
    state: PieceState
    found: str
    blocks: tuple[Feature, ...]
    remedy: str

    def as_json(self) -> dict[str, object]:
        """The finding as a JSON object with the attributes' names."""
        return asdict(self)


def findings() -> list[CheckedPiece]:
    """Check everything that the project's features need on the deploy host."""
    return [*_programs(), *_toolchain(), *_clouds(), *_local_cloud()]


def lacking(found: Sequence[CheckedPiece]) -> dict[Feature, list[str]]:
    """The missing pieces of each feature; empty if the machine is ready for it."""
    missing = [finding for finding in found if finding.state is PieceState.MISSING]
    return {feature: [each.piece for each in missing if feature in each.blocks] for feature in Feature}


def _finding(
    piece: str, found: str, blocks: tuple[Feature, ...], remedy: str, *, enough: bool | None = None
) -> CheckedPiece:
    """A piece that is installed if anything was found, or only if that is enough."""
    ok = bool(found) if enough is None else enough
    return CheckedPiece(piece, PieceState.OK if ok else PieceState.MISSING, found, blocks, "" if ok else remedy)


def _programs() -> Iterator[CheckedPiece]:
    for program, blocks, remedy in (
        ("ssh", (Feature.CLUSTERS, Feature.LOCAL_CLOUD), "install it (Debian: apt install openssh-client)"),
        ("git", (Feature.GATES,), "install it (Debian: apt install git); images then also record the commit"),
    ):
        yield _finding(program, shutil.which(program) or "", blocks, remedy)


def _toolchain() -> Iterator[CheckedPiece]:
    blocks = (Feature.CLUSTERS, Feature.LOCAL_CLOUD)
    _, actions = survey_and_plan()
    for action in actions:
        match action:
            case InstalledPiece(piece, version, origin, path):
                yield CheckedPiece(piece, PieceState.OK, f"{version}, {origin}: {path}", blocks, "")
            case Install(piece, why):
                yield _to_come(piece, blocks, _on_first_use("downloaded", why))
            case Build(piece, why):
                yield _to_come(piece, blocks, _on_first_use("built", why))


def _on_first_use(how: str, why: str) -> str:
    return f"nothing: it is {how} on first use, or now with ./slurm-appliance toolchain ({why})"


def _to_come(piece: Piece, blocks: tuple[Feature, ...], remedy: str) -> CheckedPiece:
    return CheckedPiece(piece, PieceState.LATER, "", blocks, remedy)


def _clouds() -> Iterator[CheckedPiece]:
    folders = [Path.cwd(), Path.home() / ".config/openstack", Path("/etc/openstack")]
    files = [folder / "clouds.yaml" for folder in folders]
    if named := os.environ.get("OS_CLIENT_CONFIG_FILE"):
        files.insert(0, Path(named))
    there = next((str(file) for file in files if file.is_file()), "")
    yield _finding(
        "OpenStack credentials",
        there or ("OS_* variables" if os.environ.get("OS_AUTH_URL") else ""),
        (Feature.CLUSTERS,),
        "put a clouds.yaml into ~/.config/openstack, or source your openrc file; the local cloud brings its own",
    )


def _local_cloud() -> Iterator[CheckedPiece]:
    blocks = (Feature.LOCAL_CLOUD,)
    root = "yes" if os.geteuid() == 0 else ""
    yield _finding("root", root, blocks, "use sudo, on a disposable machine")
    yield _debian_packages(blocks)
    folder = next(parent for parent in [cache_folder(), *cache_folder().parents] if parent.exists())
    free = shutil.disk_usage(folder).free / 1e9
    yield _finding(
        "disk", f"{free:.0f} GB free", blocks, f"make {_DISK_GB} GB free in {folder}", enough=free >= _DISK_GB
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    yield _finding(
        "memory", f"{memory:.0f} GB", blocks, f"use a machine with {_MEMORY_GB} GB", enough=memory >= _MEMORY_GB
    )


def _debian_packages(blocks: tuple[Feature, ...]) -> CheckedPiece:
    from localcloud.host.debian import missing

    if shutil.which("apt-get") is None:
        return CheckedPiece("Debian packages", PieceState.MISSING, "", blocks, "use a machine with Debian 12")
    absent = [package.name for package in missing()]
    if absent:
        return CheckedPiece(
            "Debian packages",
            PieceState.LATER,
            "",
            blocks,
            f"nothing: `demo` and `cloud up` install {' '.join(absent)}",
        )
    return CheckedPiece("Debian packages", PieceState.OK, "all installed", blocks, "")
