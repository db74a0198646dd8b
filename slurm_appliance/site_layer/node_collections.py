"""The collections that compute nodes need of those that a layer requires, packed for their bundles."""

import bz2
import io
import json
import os
import re
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from node.compute_init.layer_collections import MOST_PACKED, MOST_UNPACKED
from slurm_appliance.site_layer.errors import PAGE, SiteLayerError
from slurm_appliance.site_layer.tree import REQUIREMENTS, Layer

#: What nodes do without: it is for developers, or for ansible-galaxy.
_LEFT_OUT = frozenset({"tests", "docs", "changelogs", "FILES.json"})
_HOOKS = "hooks/compute-init"


def named(
    layers: Sequence[Layer], roles: Mapping[str, Layer], entries: Collection[str], collections: Iterable[str]
) -> tuple[str, ...]:
    """The collections that the hooks of compute-init name, or a role that they or compute nodes use. Pure.

    The texts are searched for the names, so that a comment that names a collection or role is enough where the name is
    put together when it runs.

    Args:
        layers: the layers.
        roles: the layer of each role.
        entries: the roles that compute nodes run themselves.
        collections: names of collections.
    """
    waiting = [*(_text(layer, _HOOKS) for layer in layers), *(_text(roles[name], f"roles/{name}") for name in entries)]
    reached, texts = set(entries), list[str]()
    while waiting:
        texts.append(waiting.pop())
        for name in sorted(roles.keys() - reached):
            if _names(name, texts[-1]):
                reached.add(name)
                waiting.append(_text(roles[name], f"roles/{name}"))
    return tuple(name for name in sorted(collections) if any(_names(name, text) for text in texts))


def packed(folder: Path, needed: Sequence[str], required: Iterable[str]) -> bytes:
    """The archive for the bundle: the same bytes for the same collections.

    Args:
        folder: where all collections are installed.
        needed: names of those that nodes need.
        required: names of all that the layers require, which therefore have exact versions.

    Raises:
        SiteLayerError: one depends on a collection that the layers do not require, or they are too large.
    """
    found = _with_dependencies(folder, needed, frozenset(required))
    contents = {name: dict(_files(folder, name)) for name in found}
    plain = sum(len(content) for files in contents.values() for content, _mode in files.values())
    made = _archive({path: each for files in contents.values() for path, each in files.items()})
    if len(made) > MOST_PACKED or plain > MOST_UNPACKED:
        sizes = {name: len(_archive(files)) for name, files in contents.items()}
        largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:3]
        raise SiteLayerError(
            f"the collections that compute nodes get take {len(made)} bytes packed and {plain} unpacked, the limits "
            f"are {MOST_PACKED} and {MOST_UNPACKED}: "
            + ", ".join(f"{name} ({sizes[name]} packed)" for name in largest),
            where=REQUIREMENTS,
            remedy="leave out of hooks/compute-init and of its roles what does not use them, or install large ones in "
            f"the image, in /usr/share/ansible/collections, and not in {REQUIREMENTS}; see {PAGE}",
        )
    return made


def _text(layer: Layer, folder: str) -> str:
    return "\n".join(file.content.decode(errors="ignore") for file in layer.files if file.within(folder))


def _names(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _with_dependencies(folder: Path, needed: Sequence[str], required: frozenset[str]) -> list[str]:
    found: set[str] = set()
    waiting = [(name, "") for name in needed]
    while waiting:
        name, because = waiting.pop()
        if name in found:
            continue
        if name not in required:
            raise SiteLayerError(
                f"{because} depends on the collection {name}, which has no exact version here",
                where=REQUIREMENTS,
                remedy=f"add {name} with its version: all compute nodes get the same, whoever runs up",
            )
        found.add(name)
        waiting += [(each, name) for each in _dependencies(folder, name)]
    return sorted(found)


def _dependencies(folder: Path, name: str) -> list[str]:
    """What a collection says that it depends on."""
    path = _place(folder, name) / "MANIFEST.json"
    try:
        info: Any = json.loads(path.read_text(encoding="utf-8"))["collection_info"]
        return sorted(info.get("dependencies") or {})
    except (OSError, ValueError, KeyError, AttributeError) as error:
        remedy = f"remove the folder {folder}: it is installed again"
        raise SiteLayerError(
            f"the collection {name} is not installed: {error}", where=str(path), remedy=remedy
        ) from error


def _files(folder: Path, name: str) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """The files of a collection that nodes get, each with its content and mode."""
    place = _place(folder, name)
    for root, folders, files in os.walk(place, followlinks=True):
        at = Path(root)
        left_out = _LEFT_OUT if at == place else frozenset({"__pycache__"})
        folders[:] = sorted(each for each in folders if each not in left_out and not each.startswith("."))
        for each in sorted(files):
            path = at / each
            if each not in left_out and path.resolve().is_relative_to(place.resolve()):
                mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                yield path.relative_to(folder).as_posix(), (path.read_bytes(), mode)


def _place(folder: Path, name: str) -> Path:
    return folder / "ansible_collections" / Path(*name.split("."))


def _archive(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Bzip2, because its output is the same on every machine: what it packs is compared by its digest."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, (content, mode) in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return bz2.compress(plain.getvalue())
