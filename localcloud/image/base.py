"""Creates the base image, or finds the one that was created from the same recipe."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from localcloud.errors import BaseImageError
from localcloud.host.layout import cloud_cache
from localcloud.host.programs import program
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.image.disk import make as disk
from localcloud.image.disk.recipe import DiskRecipe
from localcloud.image.recipe import ImageRecipe
from localcloud.image.sources import debian_sources
from localcloud.image.standin import make as standin
from localcloud.image.systems import System


@dataclass(frozen=True)
class BaseImage:
    """A root filesystem as a tar compressed by zstd, or a disk as a qcow2 file.

    Attributes:
        system: what it is an image of.
        file: the image.
        digest: of its recipe.
        repositories: of a stand-in: its packages, and key.asc, which signs them.
        disk_format: Glance's name of the file's format. A root filesystem is raw bytes to it.
        min_disk_gb: the smallest disk that it fits on; 0: any.
    """

    system: System
    file: Path
    digest: str
    repositories: Path | None = None
    disk_format: str = "raw"
    min_disk_gb: int = 0


def make(system: System, steps: Steps, kind: ServerKind = ServerKind.CONTAINER) -> BaseImage:
    """A system's base image, made if there is none of today's recipe.

    Args:
        system: the system.
        steps: reports progress.
        kind: what servers it is for.

    Raises:
        ImageError: mmdebstrap fails, or there is no such image for virtual machines.
    """
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout
    form = DiskRecipe if kind is ServerKind.VM else ImageRecipe
    recipe = form(
        tuple(debian_sources(system)),
        architecture.strip(),
        check_valid_until=system.released,
        content=system.content,
    )
    if isinstance(recipe, DiskRecipe):
        return _make_disk(system, recipe, steps)
    digest = standin.digest(recipe) if system.stand_in else recipe.digest
    file = cloud_cache("images", f"{system.name}-{digest}.tar.zst")
    repositories = file.with_name(f"{system.name}-{digest}.repositories") if system.stand_in else None
    image = BaseImage(system, file, digest, repositories)
    with _to_make(file) as missing:
        if missing:
            with steps.step(f"base image {system.name} made by mmdebstrap (once for this recipe)"):
                _make(recipe, image)
    return image


def _make_disk(system: System, recipe: DiskRecipe, steps: Steps) -> BaseImage:
    if system.stand_in:
        raise BaseImageError(f"there is no disk of {system.name}", remedy="use a cloud whose servers are containers")
    file = cloud_cache("images", f"{system.name}-{recipe.digest}.qcow2")
    with _to_make(file) as missing:
        if missing:
            with (
                steps.step(f"disk of {system.name} made by mmdebstrap (once for this recipe)"),
                TemporaryDirectory(prefix="base-image-", dir=file.parent) as folder,
            ):
                fresh = Path(folder) / "image.qcow2"
                disk.make(recipe, _tree_of(recipe, Path(folder)), fresh, lambda command: _run(command, Path(folder)))
                fresh.replace(file)
    size = -(-disk.virtual_size(file) // 2**30)
    return BaseImage(system, file, recipe.digest, disk_format="qcow2", min_disk_gb=size)


@contextmanager
def _to_make(file: Path) -> Iterator[bool]:
    """Whether an image must be made; nobody else makes it meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield not file.exists()


def _tree_of(recipe: ImageRecipe, folder: Path) -> Path:
    """A folder with the recipe's files at their paths."""
    tree = folder / "tree"
    for name, text in recipe.files.items():
        file = tree / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tree


def _make(recipe: ImageRecipe, image: BaseImage) -> None:
    with TemporaryDirectory(prefix="base-image-", dir=image.file.parent) as folder:
        tree, fresh = _tree_of(recipe, Path(folder)), Path(folder) / "image.tar"
        if image.repositories is None:
            _run(recipe.command(program("mmdebstrap"), str(tree), str(fresh)), Path(folder))
        else:
            _make_stand_in(recipe, tree, fresh, image.repositories)
        packed = fresh.with_suffix(".tar.zst")
        _run([program("zstd"), "--quiet", "-T0", "-3", str(fresh), "-o", str(packed)], Path(folder))
        packed.replace(image.file)


def _make_stand_in(recipe: ImageRecipe, files: Path, target: Path, repositories: Path) -> None:
    """Make the tree and its packages; the repositories are kept first, so that there is no image without them."""
    root, made = target.with_name("root"), target.with_name("repositories")
    _run(standin.command(recipe, program("mmdebstrap"), str(files), str(root)), target.parent)
    standin.furnish(root, made, lambda command: _run(command, target.parent))
    shutil.rmtree(repositories, ignore_errors=True)
    made.rename(repositories)
    _run(
        ["tar", "--create", "--numeric-owner", "--xattrs", f"--file={target}", f"--directory={root}", "."],
        target.parent,
    )


def _run(command: list[str], folder: Path) -> None:
    # mmdebstrap works below TMPDIR, and /tmp may be small.
    environment = {**os.environ, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BaseImageError(
            f"{Path(command[0]).name} failed with exit status {done.returncode}",
            evidence="\n".join((done.stdout + done.stderr).splitlines()[-15:]),
            remedy=f"check that the machine's package sources are reachable and that {folder.parent} has free space",
        )
