"""What this machine has, what it lacks, and what each missing piece blocks.

Facts are gathered by small probes; what they mean is decided here, in one table a reader can follow.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.paths import cache_folder

#: Room for the toolchain's build (2.5 GB), the local cloud's services and a few images.
_DISK_GB = 12
#: The control plane of the local cloud and four nodes.
_MEMORY_GB = 4


@dataclass(frozen=True)
class Finding:
    """One piece that some feature needs.

    Attributes:
        piece: what it is.
        found: what is there: a version, a path, an amount; empty where it is missing.
        ok: whether that is enough.
        blocks: what does not work without it.
        remedy: how to get it; empty where ok.
    """

    piece: str
    found: str
    ok: bool
    blocks: str
    remedy: str = ""

    def as_json(self) -> dict[str, object]:
        """The finding as a JSON object with the attributes' names."""
        return asdict(self)


def findings() -> list[Finding]:
    """Look at everything that a feature of this project needs on the deploy host."""
    return [*_programs(), *_toolchain(), *_clouds(), *_local_cloud()]


def _programs() -> Iterator[Finding]:
    for program, blocks, remedy in (
        ("ssh", "image builds and cluster creation: they reach the servers over ssh", "apt install openssh-client"),
        ("git", "the commit in image records; check", "apt install git"),
    ):
        path = shutil.which(program)
        yield Finding(program, path or "", path is not None, blocks, "" if path else remedy)


def _toolchain() -> Iterator[Finding]:
    from toolchain.plan import survey

    yield from (
        Finding(step.piece, step.found, step.ready, "up, preview, destroy, the engine tests", step.remedy)
        for step in survey()
    )


def _clouds() -> Iterator[Finding]:
    files = [Path(named) for named in [os.environ.get("OS_CLIENT_CONFIG_FILE", "")] if named]
    files += [
        folder / "clouds.yaml" for folder in (Path.cwd(), Path.home() / ".config/openstack", Path("/etc/openstack"))
    ]
    there = next((str(path) for path in files if path.is_file()), "")
    if not there and os.environ.get("OS_AUTH_URL"):
        there = "OS_* variables"
    yield Finding(
        "OpenStack credentials",
        there,
        bool(there),
        "up and preview on a cloud of yours; the local cloud brings its own",
        "" if there else "put a clouds.yaml into ~/.config/openstack, or source your openrc file",
    )


def _local_cloud() -> Iterator[Finding]:
    from localcloud.packages import missing

    blocks = "the local cloud: demo, engine and lifecycle tests"
    root = os.geteuid() == 0
    yield Finding(
        "root", "yes" if root else "", root, blocks, "" if root else "run it as root, or on a machine of yours"
    )
    absent = missing()
    yield Finding(
        "Debian packages",
        "all installed" if not absent else "",
        not absent,
        blocks,
        "" if not absent else f"cloud up installs them: {' '.join(absent)}",
    )
    folder = next(parent for parent in [cache_folder(), *cache_folder().parents] if parent.exists())
    free = shutil.disk_usage(folder).free / 1e9
    yield Finding("disk", f"{free:.0f} GB free", free >= _DISK_GB, blocks, f"{_DISK_GB} GB in {folder}")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    yield Finding("memory", f"{memory:.0f} GB", memory >= _MEMORY_GB, blocks, f"{_MEMORY_GB} GB")
