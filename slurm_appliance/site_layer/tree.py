"""One folder of a site's own layer: its files, and what may be in it. Pure over a folder tree."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.site_layer.errors import PAGE, SiteLayerError

#: The hooks of each sequence. A misspelt name is refused, because nothing would run it.
HOOKS = {
    "site": (
        "pre.yml",
        "post-bootstrap.yml",
        "post-filesystems.yml",
        "extras.yml",
        "portal.yml",
        "monitoring.yml",
        "post.yml",
        "final.yml",
    ),
    "image": ("pre.yml", "post.yml"),
    "compute-init": ("pre.yml", "post.yml", "vars.yml"),
}
#: The folders of a layer.
PARTS = ("collections", "files", "group_vars", "hooks", "roles")
#: The file with the Ansible collections that a layer requires.
REQUIREMENTS = "requirements.yml"

_SKIPPED = frozenset({"__pycache__", ".git", ".gitkeep"})


@dataclass(frozen=True)
class LayerFile:
    """A file of a layer.

    Attributes:
        path: its path in the layer, with slashes.
        source: where it is.
        executable: whether its owner may execute it.
    """

    path: str
    source: Path
    executable: bool

    @property
    def content(self) -> bytes:
        """What is in it."""
        return self.source.read_bytes()

    def within(self, *folders: str) -> bool:
        """Whether it is in one of these folders of the layer."""
        return any(self.path.startswith(f"{folder}/") for folder in folders)


@dataclass(frozen=True)
class Layer:
    """One folder: the shared one, or that of one environment.

    Attributes:
        name: ``site``, or ``environment``.
        folder: where it is.
        files: its files, by path.
    """

    name: str
    folder: Path
    files: tuple[LayerFile, ...]

    @property
    def roles(self) -> frozenset[str]:
        """The names of its roles."""
        return frozenset(
            parts[1] for file in self.files if len(parts := file.path.split("/")) > 2 and parts[0] == "roles"
        )

    def has(self, path: str) -> bool:
        """Whether it has this file."""
        return any(file.path == path for file in self.files)


def read_layer(name: str, folder: Path, product_roles: Iterable[str]) -> Layer | None:
    """The layer in a folder; None if there is no file in it.

    Args:
        name: the layer's name.
        folder: the folder; need not exist.
        product_roles: names that its roles must not have.

    Raises:
        SiteLayerError: it contains what nothing would use, or what must not be used.
    """
    if not folder.is_dir():
        return None
    files = tuple(
        sorted(
            (
                LayerFile(path.relative_to(folder).as_posix(), path, bool(path.stat().st_mode & stat.S_IXUSR))
                for path in _files(folder)
            ),
            key=lambda file: file.path,
        )
    )
    layer = Layer(name, folder, files)
    _check_hooks(folder / "hooks")
    _check_roles(layer, product_roles)
    return layer if files else None


def digest(files: Iterable[tuple[str, LayerFile]]) -> str:
    """The digest of files with their paths: of paths, contents, and whether they can be executed; not of times."""
    total = hashlib.sha256()
    for path, file in sorted(files, key=lambda each: each[0]):
        content = hashlib.sha256(file.content).hexdigest()
        total.update(f"{path}\0{int(file.executable)}\0{content}\n".encode())
    return total.hexdigest()


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in _SKIPPED)


def _parts(folder: Path) -> list[str]:
    for path in _visible(folder):
        if path.is_dir() and path.name not in PARTS:
            raise _unused(path, "folder", PARTS)
    return [part for part in PARTS if (folder / part).is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    for part in _parts(folder):
        yield from _below(folder / part, folder.resolve())
    if (folder / REQUIREMENTS).is_file():
        yield folder / REQUIREMENTS


def _check_hooks(folder: Path) -> None:
    if not folder.is_dir():
        return
    for sequence in _visible(folder):
        if sequence.name not in HOOKS or not sequence.is_dir():
            raise _unused(sequence, "entry", tuple(HOOKS))
        for path in _visible(sequence):
            if path.is_file() and path.name not in HOOKS[sequence.name]:
                raise _unused(path, "hook", HOOKS[sequence.name])
            if path.is_dir() and path.name in HOOKS[sequence.name]:
                raise SiteLayerError("a hook must be a file", where=str(path), remedy="replace the folder by a file")


def _check_roles(layer: Layer, product_roles: Iterable[str]) -> None:
    for name in sorted(layer.roles & frozenset(product_roles)):
        raise SiteLayerError(
            f"a role of slurm-appliance is called {name}, too",
            where=str(layer.folder / "roles" / name),
            remedy="rename yours, for example with your site's name in front: the playbooks depend on their own roles",
        )


def _unused(path: Path, kind: str, allowed: Iterable[str]) -> SiteLayerError:
    return SiteLayerError(
        f"nothing uses the {kind} {path.name}",
        where=str(path),
        remedy=f"the names are: {', '.join(allowed)}; put other files into a folder beside them; see {PAGE}",
    )


def _below(folder: Path, layer: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The files below a folder; links are followed within the layer only."""
    real = folder.resolve()
    if real in above:
        raise SiteLayerError("a symbolic link leads in a circle", where=str(folder), remedy="remove it")
    for path in sorted(folder.iterdir()):
        if path.name in _SKIPPED:
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(layer):
            raise SiteLayerError(
                "a symbolic link leaves the layer",
                where=str(path),
                remedy="put a copy in its place: what the link leads to is not part of the layer's digest",
            )
        if path.is_dir():
            yield from _below(path, layer, above | {real})
        elif path.is_file():
            if not os.access(path, os.R_OK):
                raise SiteLayerError("the file cannot be read", where=str(path), remedy="change its permissions")
            yield path
        else:
            raise SiteLayerError(
                "this is neither a file nor a folder, or a broken link", where=str(path), remedy="remove it"
            )
