"""Writes ``stacks/Pulumi.example.yaml``: every setting with its explanation, the ones that nobody needs commented out.

A line that begins with ``# `` explains; one that begins with ``#`` and a name is a setting to uncomment.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from slurm_appliance.config.catalog import default_of, describe
from slurm_appliance.config.cluster import CHAPTERS
from slurm_appliance.config.json_schema import FILE_NAME
from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.section import Section, Shape, field_shape, policy_of, shape_of
from slurm_appliance.config.show import plain_value

#: What the example's cluster has beside what is required, or has otherwise; all else is commented out.
VALUES: Mapping[str, Any] = {
    "cluster_image": None,
    "cluster_image.build": "fat",
    "cluster_networks": None,
    "image_builds": None,
    "key_pair.name": "operators",
    "login": None,
    "login.entry.nodes": ["login-0"],
    "compute": None,
    "compute.general.compute_init_enable": ["compute", "etc_hosts", "nfs", "basic_users"],
    "compute.general.ignore_image_changes": True,
}

_HEAD = f"""\
# yaml-language-server: $schema={FILE_NAME}
#
# Every setting of a cluster. Copy this file to Pulumi.ENVIRONMENT.yaml, keep what you need, and check it:
#   ./slurm-appliance config validate --stack ENVIRONMENT
# Lines that begin with "#" and a name are settings at their default, or at an example where there is no default.
# In brackets: the kind of value, and what a change does to a running cluster (docs/configuration.md).
config:
  # The cloud of clouds.yaml to use; a setting of Pulumi's OpenStack provider.
  openstack:cloud: mycloud
"""


def example() -> str:
    """The text of the file."""
    return _HEAD + "".join(f"{line}\n" for line in _Writer().chapters())


class _Writer:
    """Writes settings; explains those that several sections share where they come first."""

    def __init__(self) -> None:
        self._explained: set[str] = set()

    def chapters(self) -> Iterator[str]:
        for chapter in CHAPTERS:
            title, _, rest = (chapter.__doc__ or "").partition(". ")
            yield ""
            yield f"  # == {title.rstrip('.')} =="
            if rest:
                yield from _comment(rest, 2)
            yield from self._section(chapter, "", 2, live=True, prefix="slurm-appliance:")

    def _section(
        self, section: type[Section], path: str, indent: int, *, live: bool, prefix: str = ""
    ) -> Iterator[str]:
        again = []
        for name, field in section.model_fields.items():
            at = f"{path}.{name}" if path else name
            shown = live and (field.is_required() or at in VALUES)
            identity = f"{name}: {field.description}"
            if identity in self._explained and path and not shown:
                again.append(name)
                continue
            self._explained.add(identity)
            if not path:
                yield ""
            yield from _comment(f"{field.description} {_kind_and_policy(field)}", indent)
            yield from self._setting(f"{prefix}{name}", at, field, indent, live=shown)
        if again:
            yield from _comment(f"And as explained further up: {', '.join(again)}.", indent)

    def _setting(self, name: str, at: str, field: FieldInfo, indent: int, *, live: bool) -> Iterator[str]:
        shape = field_shape(field)
        mark = " " * indent + ("" if live else "#")
        inner = _inner(shape)
        if inner is None or self._seen(inner):
            yield f"{mark}{name}: {_flow(_example_value(at, field))}"
            return
        yield f"{mark}{name}:"
        if shape.is_mapping:
            indent, mark = indent + 2, "  " + mark
            [key] = [entry.example for entry in shape.metadata if isinstance(entry, Keyed)]
            yield f"{mark}{key}:"
            at = f"{at}.{key}"
        lines = list(self._section(inner, at, indent + (4 if shape.is_list else 2), live=live))
        yield from _as_list_entry(lines, indent + 2) if shape.is_list else lines

    def _seen(self, section: type[Section]) -> bool:
        """Whether all settings of a section have been explained."""
        return all(f"{name}: {field.description}" in self._explained for name, field in section.model_fields.items())


def _inner(shape: Shape) -> type[Section] | None:
    """The section that a value is or consists of."""
    return shape.section or (shape_of(shape.items).section if shape.items is not None else None)


def _as_list_entry(lines: list[str], indent: int) -> Iterator[str]:
    """The lines of a section as one entry of a list: a dash before its first setting."""
    dashed = False
    for line in lines:
        text = line.strip()
        if not dashed and text and not text.startswith("# "):
            dashed = True
            commented = text.startswith("#")
            yield " " * indent + ("#" if commented else "") + "- " + text.removeprefix("#")
        else:
            yield line


def _kind_and_policy(field: FieldInfo) -> str:
    default = "required" if field.is_required() else ""
    return f"[{', '.join(filter(None, (describe(field_shape(field)), default, policy_of(field).value)))}]"


def _example_value(at: str, field: FieldInfo) -> Any:
    if VALUES.get(at) is not None:
        return VALUES[at]
    default = plain_value(default_of(field))
    if isinstance(default, dict):
        default = {key: value for key, value in default.items() if value is not None}
    if default in (None, [], {}) and field.examples:
        return field.examples[0]
    return default


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value)  # A text in quotes, as YAML has them, too.
    text = yaml.safe_dump(value, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str, indent: int) -> Iterator[str]:
    margin = " " * indent
    yield from (f"{margin}# {line}" for line in textwrap.wrap(text, 116 - indent, break_on_hyphens=False))
