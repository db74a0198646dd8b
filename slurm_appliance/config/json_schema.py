"""The JSON Schema of a stack file, for editors: completion, explanations and most mistakes while typing."""

from typing import Any

from slurm_appliance.config.catalog import holds_secrets
from slurm_appliance.config.cluster import CHAPTERS, ClusterConfig
from slurm_appliance.config.section import field_shape
from slurm_appliance.config.stack_file import PULUMI_KEYS

#: Where the schema lies, seen from the stack files; their first line tells editors.
FILE_NAME = "config.schema.json"

_PREFIX = "slurm-appliance:"


def json_schema() -> dict[str, Any]:
    """The schema of a whole stack file. Settings of other namespaces are left alone."""
    whole = _without_titles(ClusterConfig.model_json_schema())
    names = [name for chapter in CHAPTERS for name in chapter.model_fields]
    config = {
        "type": "object",
        "properties": {f"{_PREFIX}{name}": _top_level(name, whole["properties"][name]) for name in names},
        # Settings that are listed above must not fall under the pattern that refuses all others.
        "patternProperties": {f"^{_PREFIX}(?!(?:{'|'.join(names)})$)": False},
        "additionalProperties": True,
        "required": [f"{_PREFIX}{name}" for name in names if name in whole["required"]],
        "oneOf": [{"required": [f"{_PREFIX}{name}"]} for name in ("cluster_image", "cluster_image_id")],
    }
    others: dict[str, Any] = {key: {} for key in PULUMI_KEYS if key != "config"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of slurm-appliance",
        "type": "object",
        "properties": {"config": config, **others},
        "additionalProperties": False,
        "required": ["config"],
        "$defs": whole["$defs"],
    }


def _top_level(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a top-level setting: ``pulumi config set`` writes numbers, truth values and JSON as text."""
    field = ClusterConfig.model_fields[name]
    types = {schema.get("type"), *(option.get("type") for option in schema.get("anyOf", ()))}
    is_text = "string" in types or holds_secrets(field_shape(field))
    if is_text or ("$ref" in schema and field_shape(field).is_single):
        return schema
    kept: dict[str, Any] = {key: schema[key] for key in ("description", "default", "examples") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in kept}
    options = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**kept, "anyOf": [*options, {"type": "string", "pattern": _text_pattern(types)}]}


def _text_pattern(types: set[str | None]) -> str:
    if "integer" in types:
        return "^[0-9]+$"
    if "boolean" in types:
        return "^(?:true|false)$"
    return r"^\s*[\[{]"


def _without_titles(schema: Any) -> Any:
    """The schema without the titles that pydantic makes from the names of fields and classes."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(entry) for entry in schema] if isinstance(schema, list) else schema
