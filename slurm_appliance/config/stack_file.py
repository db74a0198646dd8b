"""Reads Pulumi's stack files, ``Pulumi.<stack>.yaml``, the way Pulumi does, but for its silent last-one-wins.

PyYAML by itself follows YAML 1.1, where ``yes`` is true and ``1:30`` is ninety; Pulumi follows YAML 1.2. Both take the
last of two equal keys without a word.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.config.paths import Location, render
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.config.tree import UNREADABLE, Unreadable
from slurm_appliance.errors import ConfigError, Problem

#: The most values that a file may have, aliases counted each time that they are used.
MOST_VALUES = 200_000

#: The keys that Pulumi itself has at the top of a stack file.
PULUMI_KEYS = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")

#: The OpenStack provider's setting that names an entry of clouds.yaml.
CLOUD_SETTING = "openstack:cloud"

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, and a tag of our own for what Pulumi reads otherwise than a person does."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own declaration.


for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("octal", r"[-+]?0[0-9]+", list("-+0")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    ("timestamp", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?", list("0123456789")),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"^(?:{_pattern})$", re.ASCII), _first)


def read(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """The ``config:`` part of a stack file, and what is wrong with how it is written.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has no ``config:`` at all.
    """
    return parse(text_of(path), str(path))


def text_of(path: Path) -> str:
    """The text of a stack file.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _unreadable(path, f"cannot be read: {reason}", "name an existing stack file") from error


def cloud_of(path: Path) -> str | None:
    """The entry of clouds.yaml that a stack file names; None where it leaves that to OS_CLOUD.

    Raises:
        ConfigError: see ``read``.
    """
    named = read(path)[0].get(CLOUD_SETTING)
    return str(named) if named else None


def parse(text: str, source: str) -> tuple[dict[str, Any], list[Problem]]:
    """Like ``read``, from the text of the file."""
    document, problems = document_in(text, source)
    return _config_of(document, problems, source), problems


def document_in(text: str, source: str) -> tuple[dict[str, Any], list[Problem]]:
    """The whole of a stack file, and what is wrong with how it is written.

    Raises:
        ConfigError: it is not YAML, or no mapping.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise ConfigError(
            [Problem(at, f"is not valid YAML: {error.problem}", "check indentation and quotes")], source
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        what = (
            "is nested too deeply" if isinstance(error, RecursionError) else "has characters that YAML does not allow"
        )
        raise ConfigError([Problem("the file", what, "write it as a Pulumi stack file")], source) from error
    builder = _Builder()
    document = builder.build(node, ()) if node is not None else {}
    if builder.too_large:
        raise ConfigError([Problem("the file", "has too many values", "write aliases ('*') out")], source)
    if not isinstance(document, dict):
        raise ConfigError([Problem("the file", "is not a mapping", "a stack file begins with 'config:'")], source)
    return document, builder.problems


def _config_of(document: dict[str, Any], problems: list[Problem], source: str) -> dict[str, Any]:
    problems.extend(
        Problem(render((key,)), "is no key of a stack file", did_you_mean(key, PULUMI_KEYS))
        for key in document
        if key not in PULUMI_KEYS
    )
    config = document.get("config")
    if config is None:
        problems.append(Problem("config", "there is no configuration", "write the settings below 'config:'"))
        raise ConfigError(problems, source)
    if not isinstance(config, dict):
        problems.append(Problem("config", "is not a mapping", "write one setting a line: slurm-appliance:NAME: VALUE"))
        raise ConfigError(problems, source)
    return config


def _unreadable(path: Path, what: str, remedy: str) -> ConfigError:
    return ConfigError([Problem("the file", what, remedy)], str(path))


class _Builder:
    """Makes values from YAML nodes, and notes what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()

    @property
    def too_large(self) -> bool:
        """Whether it gave up: aliases of aliases can stand for more than fits into memory."""
        return self._count > MOST_VALUES

    def build(self, node: yaml.Node, at: Location) -> Any:
        """The value of a node; None where it has none that Pulumi would take."""
        self._count += 1
        if self._count > MOST_VALUES:
            return None
        if id(node) in self._open:
            self._note(node, at, "contains itself through an alias", "write the value out instead of using '*'")
            return UNREADABLE
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, at)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(entry, (*at, index)) for index, entry in enumerate(node.value)]
            return dict(self._entries(node, at))
        finally:
            self._open.discard(id(node))

    def _entries(self, node: yaml.Node, at: Location) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key in ("", "~", "<<"):
                self._note(
                    key_node, at, "a key must be a text", "write 'name: value'; merging with '<<' is not supported"
                )
            elif key in seen:
                self._note(key_node, (*at, key), f"set twice, in lines {seen[key]} and {line}", "keep one of them")
            else:
                seen[key] = line
                yield key, self.build(value_node, (*at, key))

    def _scalar(self, node: yaml.ScalarNode, at: Location) -> Any:
        text, tag = node.value, node.tag.removeprefix(_TAG)
        match tag:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float":
                return self._number(node, at)
            case "octal" | "timestamp":
                what = "is read as a date" if tag == "timestamp" else "is read as an octal number"
                self._note(node, at, f"{text} {what}", f'put it in quotes: "{text}"')
            case _:
                self._note(node, at, f"the tag {node.tag} is not supported", "write plain YAML")
        return None

    def _number(self, node: yaml.ScalarNode, at: Location) -> int | float | Unreadable:
        text = node.value
        if len(text) > 40:
            self._note(node, at, "the number is too long", "put it in quotes if it is a name")
            return UNREADABLE
        if re.fullmatch(r"0[ox].*", text):
            return int(text, 0)
        return int(text) if node.tag == f"{_TAG}int" else float(text)

    def _note(self, node: yaml.Node, at: Location, what: str, remedy: str) -> None:
        line = node.start_mark.line + 1
        path = render(strip_config(at))
        self.problems.append(Problem(path or f"line {line}", what, remedy))


def strip_config(at: Location) -> Location:
    """A location in the file as a location in the configuration: without ``config`` and the namespace."""
    if len(at) < 2 or at[0] != "config" or not isinstance(at[1], str):
        return at
    return (at[1].rpartition(":")[2], *at[2:])
