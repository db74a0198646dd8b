"""Ansible collections that a layer requires: pinned, and installed once into a cache folder named by their content."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.site_layer.errors import PAGE, SiteLayerError
from slurm_appliance.site_layer.tree import REQUIREMENTS, Layer, LayerFile
from toolchain.once import exclusively, fresh_folder
from toolchain.paths import cache_folder

#: The environment variable with the folders that Ansible looks for collections in.
COLLECTIONS_VARIABLE = "ANSIBLE_COLLECTIONS_PATH"
_VERSION = re.compile(r"(?:==)?(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
_REMEDY = "write name: NAMESPACE.NAME and version: 1.2.3, or name: collections/FILE.tar.gz"


def required(layers: tuple[Layer, ...]) -> list[dict[str, str]]:
    """The collections of all layers as ansible-galaxy reads them, by name; of one that both have, the environment's.

    Raises:
        SiteLayerError: one has no exact version, or is a file that is not in the layer.
    """
    found = {entry["name"]: entry for layer in layers for entry in _of(layer)}
    return [found[name] for name in sorted(found)]


def required_names(layers: tuple[Layer, ...]) -> list[str]:
    """The names of the collections of all layers, sorted; those of files from the files.

    Raises:
        SiteLayerError: see `required`; or a file is no collection.
    """
    return sorted({_name(entry) for entry in required(layers)})


def installed(layers: tuple[Layer, ...]) -> Path | None:
    """The folder with the collections, installed if missing; None if no layer requires any.

    Raises:
        SiteLayerError: see `required`; or ansible-galaxy cannot install them.
    """
    entries = required(layers)
    if not entries:
        return None
    folder = cache_folder("collections", _digest(entries))
    with exclusively(folder):
        if not folder.exists():
            with fresh_folder(folder) as target:
                _install(entries, target)
    return folder


def _of(layer: Layer) -> Iterator[dict[str, str]]:
    file = next((each for each in layer.files if each.path == REQUIREMENTS), None)
    if file is None:
        return
    try:
        document: Any = yaml.safe_load(file.content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SiteLayerError(f"this is not YAML: {error}", where=str(file.source), remedy=_REMEDY) from error
    good = isinstance(document, Mapping) and set(document) == {"collections"}
    entries = document["collections"] if good else None
    if not isinstance(entries, list):
        what = "this has no list of collections, or more than that"
        raise SiteLayerError(what, where=str(file.source), remedy=_REMEDY)
    yield from (_entry(layer, file, entry) for entry in entries)


def _entry(layer: Layer, file: LayerFile, entry: Any) -> dict[str, str]:
    fields = {str(key): str(value) for key, value in entry.items()} if isinstance(entry, Mapping) else {}
    name, version = fields.get("name", ""), _VERSION.fullmatch(fields.get("version", ""))
    if layer.has(name) and name.startswith("collections/") and set(fields) == {"name"}:
        return {"name": str(layer.folder.resolve() / name), "type": "file"}
    if _NAME.fullmatch(name) and version and set(fields) <= {"name", "version", "source"}:
        return {**fields, "version": version[1]}
    what = f"the collection {name or entry!r} has no exact version, and is no file of this layer"
    raise SiteLayerError(what, where=str(file.source), remedy=f"{_REMEDY}; see {PAGE}")


def _name(entry: Mapping[str, str]) -> str:
    if entry.get("type") != "file":
        return entry["name"]
    try:
        with tarfile.open(entry["name"]) as tar:
            manifest = tar.extractfile("MANIFEST.json")
            info: Any = json.loads(manifest.read())["collection_info"] if manifest else {}
        return f"{info['namespace']}.{info['name']}"
    except (tarfile.TarError, OSError, EOFError, KeyError, TypeError, ValueError) as error:
        remedy = "build it with ansible-galaxy collection build"
        raise SiteLayerError(f"this is no collection: {error}", where=entry["name"], remedy=remedy) from error


def _digest(entries: list[dict[str, str]]) -> str:
    """The digest of what is installed: names and versions, or the contents of files; not where they are."""
    content = [
        hashlib.sha256(Path(entry["name"]).read_bytes()).hexdigest() if entry.get("type") == "file" else entry
        for entry in entries
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _install(entries: list[dict[str, str]], target: Path) -> None:
    requirements = target / REQUIREMENTS
    requirements.write_text(json.dumps({"collections": entries}))
    program = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(program), "collection", "install", "--requirements-file", str(requirements)]
    command += ["--collections-path", str(target), "--no-cache"]
    if all(entry.get("type") == "file" for entry in entries):
        command.append("--offline")
    variables = {**os.environ, "PYTHONWARNINGS": "ignore", "ANSIBLE_NOCOLOR": "1"}
    ended = subprocess.run(command, cwd=target, env=variables, check=False, capture_output=True, text=True)
    if ended.returncode:
        said = (ended.stderr.strip() or ended.stdout.strip())[-2000:]
        remedy = "correct the names and versions, or make the collections' server reachable"
        raise SiteLayerError(f"the collections cannot be installed: {said}", where=REQUIREMENTS, remedy=remedy)
