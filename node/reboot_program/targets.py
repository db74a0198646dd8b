"""The control node's file of targets: each compute node's server and target image.

``pulumi up`` writes it through the host-variables export; it contains no secrets. JSON::

    {"schema": 1, "nodes": {"c1": {"instance_id": "<server uuid>", "image_id": "<image uuid>"}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: The schema of the file that this program reads and the export writes.
SCHEMA = 1


@dataclass(frozen=True)
class Target:
    """One compute node: the IDs of its server and its target image."""

    instance_id: str
    image_id: str


@dataclass(frozen=True)
class Targets:
    """The content of the file, or why it is unusable.

    Attributes:
        nodes: by node name.
        problem: a sentence that ends with the remedy; empty if the file is valid.
    """

    nodes: Mapping[str, Target] = field(default_factory=dict)
    problem: str = ""


def read_targets(path: Path) -> Targets:
    """Read the file; a missing, damaged or incompatible file gives a `Targets` with a problem."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Targets(problem=f"{path} does not exist: run site.yml")
    except (OSError, ValueError) as error:
        return Targets(problem=f"{path} cannot be read ({error}): run site.yml")
    return parse_targets(document, str(path))


def parse_targets(document: object, path: str) -> Targets:
    """Check a decoded file; `path` is only used in messages."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        return Targets(
            problem=f"{path} has schema {schema!r}, but this RebootProgram reads {SCHEMA}: "
            "run site.yml from the release that built the control node's image"
        )
    nodes = {}
    try:
        for name, record in document["nodes"].items():  # type: ignore[index]  # its shape is what is being checked
            nodes[name] = Target(instance_id=_text(record["instance_id"]), image_id=_text(record["image_id"]))
    except (KeyError, TypeError, AttributeError) as error:
        return Targets(problem=f"{path} is malformed ({error}): run site.yml")
    return Targets(nodes)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not an id")
    return value
