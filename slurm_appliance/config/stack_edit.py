"""Sets one value in a stack file; comments, order and everything else stay as they are."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.config.paths import render
from slurm_appliance.config.stack_file import parse
from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.errors import UsageError


def with_value(text: str, path: Sequence[str], value: str | int, source: str) -> str:
    """The stack file's text with one value set below ``config``.

    Args:
        text: the file's text.
        path: the value's keys, beginning with the setting's name: ``("slurm-appliance:image_builds", "fat", ...)``.
        value: the new value.
        source: the file's path, for errors.

    Raises:
        ConfigError: the text is no stack file.
        UsageError: the value cannot be set without changing another one, for example behind a YAML alias.
    """
    wanted, _problems = parse(text, source)
    _set(wanted, path, value)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    changed = _edited(text, node, ("config", *path), yaml.safe_dump(value).splitlines()[0])
    found, _problems = parse(changed, source)
    if found != wanted:
        raise UsageError(
            f"{render(tuple(path))} cannot be set to {value} without changing another value",
            where=source,
            remedy="set it by hand; write YAML aliases out",
        )
    return changed


def _set(tree: dict[str, Any], path: Sequence[str], value: str | int) -> None:
    *above, last = path
    for key in above:
        below = tree.get(key)
        # A copy: an alias may use the same mapping elsewhere.
        tree[key] = dict(below) if isinstance(below, dict) else {}
        tree = tree[key]
    tree[last] = value


def _edited(text: str, node: yaml.Node | None, path: Sequence[str], value: str) -> str:
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            break
        below = next((each for name, each in node.value if name.value == key), None)
        if below is None:
            return _inserted(text, node, path[depth:], value)
        node = below
    if node is None:
        return text
    return f"{text[: node.start_mark.index]}{value}{text[node.end_mark.index :]}"


def _inserted(text: str, mapping: yaml.MappingNode, path: Sequence[str], value: str) -> str:
    """The text with a new first key in a mapping, in the style that the mapping is written in."""
    if mapping.flow_style or not mapping.value:
        at = mapping.start_mark.index + 1
        inner = "".join(f"{key}: {{" for key in path[:-1]) + f"{path[-1]}: {value}" + "}" * (len(path) - 1)
        return f"{text[:at]}{inner}{', ' if mapping.value else ''}{text[at:]}"
    mark = mapping.value[0][0].start_mark
    margin = " " * mark.column
    lines = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    lines[-1] += f" {value}"
    new = "".join(f"{line}\n{margin}" for line in lines)
    return f"{text[: mark.index]}{new}{text[mark.index :]}"


def write_stack_file(path: Path, text: str) -> None:
    """Write a stack file whole or not at all; its permissions and, where it is a link, the link stay."""
    file = path.resolve()
    mode = stat.S_IMODE(file.stat().st_mode)
    write_whole(file, text)
    file.chmod(mode)
