"""The variables of a layer's group_vars: where each comes from, and which of them nothing reads."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from slurm_appliance.site_layer.group_vars import variables_in
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.site_layer.tree import LayerFile
from toolchain.paths import REPOSITORY

_WORD = re.compile(rb"[A-Za-z_]\w*")
#: Read by Ansible itself.
_ANSIBLE = "ansible_"
_PRODUCT = REPOSITORY / "ansible"


@dataclass(frozen=True)
class LayerVariable:
    """A variable of a layer, as it applies.

    Attributes:
        group: the inventory group that has it.
        name: its name.
        layer: the layer that it comes from: ``site``, ``environments/NAME``.
        path: the file's path in the layer.
        source: the file.
    """

    group: str
    name: str
    layer: str
    path: str
    source: Path

    @property
    def where(self) -> str:
        """The file's path beside the stack files."""
        return f"{self.layer}/{self.path}"


def layer_variables(layer: SiteLayer) -> list[LayerVariable]:
    """The variables of all layers, by group and name; of one that both have, the environment's."""
    found = {
        (group_of(file), name): LayerVariable(group_of(file), name, layer.place(each), file.path, file.source)
        for each in layer.layers
        for file in each.files
        if file.within("group_vars")
        for name, _value in variables_in(file)
    }
    return [found[key] for key in sorted(found)]


def group_of(file: LayerFile) -> str:
    """The inventory group of a file in group_vars: ``group_vars/compute.yml``, ``group_vars/compute/vault.yml``."""
    first = file.path.split("/")[1]
    return first.rsplit(".", 1)[0] if first.endswith((".yml", ".yaml", ".json")) else first


def unread(layer: SiteLayer) -> list[LayerVariable]:
    """The variables that no role, hook, template or other variable names."""
    variables = [each for each in layer_variables(layer) if not each.name.startswith(_ANSIBLE)]
    if not variables:
        return []
    words = set(_product_words()) | {word.decode() for text in _texts(layer) for word in _WORD.findall(text)}
    return [each for each in variables if each.name not in words]


def _texts(layer: SiteLayer) -> Iterator[bytes]:
    for each in layer.layers:
        for file in each.files:
            if not file.within("group_vars"):
                yield file.content
                continue
            for _name, value in variables_in(file):
                yield from (scalar.encode() for scalar in _scalars(value))


def _scalars(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each)
    else:
        yield str(node.value)


@cache
def _product_words() -> frozenset[str]:
    return frozenset(word.decode() for path in _files(_PRODUCT) for word in _WORD.findall(path.read_bytes()))


def _files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name == "__pycache__":
            continue  # What links lead to is there under its own name, or is a program.
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
