"""The inventory as YAML, with data tagged as unsafe: see text.py."""

from typing import Any

import yaml

from slurm_appliance.playbooks.text import Template, is_unsafe

#: Its path among the files of an environment.
INVENTORY = "inventory/hosts.yml"

#: The C implementation is ten times faster with 1000 nodes, but not every installation has it.
_FastDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_UNSAFE = "!unsafe"


class _Dumper(_FastDumper):  # type: ignore[misc]  # either of two classes
    """Tags text that must not be rendered."""


class _Loader(_FastLoader):  # type: ignore[misc]  # either of two classes
    """Loads tagged text as text."""


def _represent(dumper: Any, text: str) -> yaml.ScalarNode:
    node: yaml.ScalarNode = dumper.represent_scalar(_UNSAFE if is_unsafe(text) else _TEXT, str(text))
    return node


_Dumper.add_representer(str, _represent)
_Dumper.add_representer(Template, _represent)


def _construct(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor(_UNSAFE, _construct)


def dump(tree: Any) -> str:
    """A tree as YAML."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=1000)
    return text


def load(text: str) -> Any:
    """Load the output of dump()."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe one
