"""Facts in a file, so that one command queries the cloud once for all programs that it runs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from slurm_appliance.cloud.facts import CloudFacts

#: The environment variable with the file's path, for a command's child programs.
VARIABLE = "SLURM_APPLIANCE_FACTS"


def dump(facts: CloudFacts, path: Path) -> None:
    """Write the facts, readable only by the owner."""
    path.touch(mode=0o600)
    document = asdict(facts) | {"absent": sorted(facts.absent)}
    path.write_text(json.dumps(document))


def load(path: Path) -> CloudFacts:
    """Read what dump() wrote."""
    facts: CloudFacts = _built(CloudFacts, json.loads(path.read_text()))
    return facts


def _built(kind: Any, value: Any) -> Any:
    """A value of the type of a field, from its JSON."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{each.name: _built(hints[each.name], value[each.name]) for each in fields(kind)})  # type: ignore[operator]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(_built(arguments[0], entry) for entry in value)
    if origin is frozenset:
        return frozenset(value)
    if origin is Mapping:
        return {key: _built(arguments[1], entry) for key, entry in value.items()}
    return value
