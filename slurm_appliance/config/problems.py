"""Turns what pydantic finds into sentences for operators.

pydantic's own wording speaks of Python types. Each error type that our schema can raise has its sentence here; a test
walks over the schema and fails when one is missing.
"""

import contextlib
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from pydantic_core import ErrorDetails

from slurm_appliance.config.catalog import (
    allowed,
    describe,
    field_at,
    holds_secrets,
    inside,
    settings,
    shape_at,
)
from slurm_appliance.config.kinds import OUR_ERROR
from slurm_appliance.config.paths import KEY, Location, look_up, render
from slurm_appliance.config.reference_names import reference_setting
from slurm_appliance.config.secret import MASK, Encrypted
from slurm_appliance.config.section import Shape, shape_of
from slurm_appliance.config.suggest import closest, did_you_mean
from slurm_appliance.config.tree import UNREADABLE
from slurm_appliance.errors import Problem

#: The error types that have a sentence.
KNOWN = frozenset(
    {
        OUR_ERROR,
        "missing",
        "extra_forbidden",
        "enum",
        "string_type",
        "string_unicode",
        "model_type",
        "mapping_type",
        "dict_type",
        "tuple_type",
    }
)


class Explainer:
    """Explains pydantic's errors about one configuration.

    Args:
        tree: the configuration as it was written.
        hidden: the top-level settings that came encrypted: their values are never shown.
    """

    def __init__(self, tree: Mapping[str, Any], hidden: frozenset[str] = frozenset()) -> None:
        self._tree = tree
        self._hidden = hidden

    def explain(self, errors: list[ErrorDetails]) -> list[Problem]:
        """One problem for each error, but for those that follow from another: a mistyped name is not missing, too."""
        meant = {(*error["loc"][:-1], _meant_by(error)) for error in errors if error["type"] == "extra_forbidden"}
        return [
            self._problem(error)
            for error in errors
            if error["input"] is not UNREADABLE and not (error["type"] == "missing" and error["loc"] in meant)
        ]

    def _problem(self, error: ErrorDetails) -> Problem:
        at = self._as_written(error["loc"])
        what, remedy = self._sentences(error, at)
        return Problem(render(at) or "(top)", what, remedy)

    def _as_written(self, at: Location) -> Location:
        """Without what a short form left out: an error in the name of ``image: NAME`` is one in the image."""
        for length in range(len(at) if at[-1:] != (KEY,) else 0):
            try:
                if isinstance(look_up(self._tree, at[:length]), str):
                    return at[:length]
            except LookupError:
                break
        return at

    def _sentences(self, error: ErrorDetails, at: Location) -> tuple[str, str]:
        value = error["input"]
        if error["type"] == "missing":
            return "required, but not set", _wanted(at)
        if error["type"] == "extra_forbidden":
            return "unknown setting", _name_remedy(error)
        if isinstance(value, Encrypted):
            return "is encrypted, but is no secret", _encrypted_remedy(at)
        shape = shape_at(error["loc"])
        if value is None:
            return "has no value", f"{_wanted(at)}; or remove the line" if shape else "remove the line"
        what, remedy = _wrong_value(error, shape)
        return f"{self._shown(value, at)} {what}", remedy

    def _shown(self, value: object, at: Location) -> str:
        """The value as the operator knows it, unless it is, or may contain, a secret."""
        if at and at[-1] == KEY:
            return f"the key {show(value)}"
        with contextlib.suppress(LookupError):  # Not as it was written: then what pydantic saw is the best there is.
            value = look_up(self._tree, at)
        shape = shape_at(at)
        hide = (bool(at) and at[0] in self._hidden) or (shape is not None and holds_secrets(shape))
        return "the value (not shown)" if hide else show(value)


def show(value: object) -> str:
    """A value in an error: short, on one line, without anything that looks like a key or a password."""
    if isinstance(value, Encrypted):
        return MASK
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = value if isinstance(value, str) else json.dumps(value)
    if "PRIVATE KEY" in text or ("://" in text and "@" in text):
        return "the value (not shown: it contains credentials)"
    shortened = text if len(text) <= 60 else f"{text[:57]}..."
    return json.dumps(shortened, ensure_ascii=not shortened.isprintable()) if isinstance(value, str) else shortened


def _wrong_value(error: ErrorDetails, shape: Shape | None) -> tuple[str, str]:
    value = error["input"]
    match error["type"]:
        case "slurm_appliance":
            context = error["ctx"]
            if isinstance(value, str) and "$${" in value:
                return context["what"], f"write ${{...}} with one dollar sign: $${{...}} is HCL's. {context['remedy']}"
            known = reference_setting(f"{error['loc'][-1]}={value}") if isinstance(value, int | str) else None
            return context["what"], known.advice if known and "=" in known.name else context["remedy"]
        case "enum":
            known = reference_setting(str(value))
            allowed = [*_members(shape), *error.get("ctx", {}).get("more", ())]
            if known is not None:
                return "is not among what is allowed", f"{known.advice}; allowed: {', '.join(allowed)}"
            return "is not among what is allowed", did_you_mean(str(value), allowed)
        case "string_type":
            quote = f"put it in quotes: {json.dumps(show(value))}" if isinstance(value, int | float) else "write a text"
            return "is not text", f"{quote}; {_allowed(shape)}"
        case "string_unicode":
            return "has characters that no file can hold", "write it in plain Unicode"
        case "tuple_type":
            return "is not a list", f"write a list of {_items(shape)}: [..., ...]"
        case "model_type" | "mapping_type" | "dict_type":
            return "is not a mapping", _mapping_remedy(shape)
        case other:
            raise AssertionError(f"no sentence for pydantic's error {other}: {error['msg']}")


def _members(shape: Shape | None) -> list[str]:
    bare = shape.bare if shape else None
    return [member.value for member in bare] if isinstance(bare, type) and issubclass(bare, Enum) else []


def _allowed(shape: Shape | None) -> str:
    return f"allowed: {(allowed(shape) if shape else '') or 'text'}"


def _items(shape: Shape | None) -> str:
    return describe(shape_of(shape.items)) if shape and shape.items is not None else "values"


def _mapping_remedy(shape: Shape | None) -> str:
    if shape and shape.section:
        return f"write settings below it: {', '.join(shape.section.model_fields)}"
    return f"write entries below it, {describe(shape)}" if shape else "write a mapping"


def _wanted(at: Location) -> str:
    field = field_at(at)
    if field is None:
        return "give it a value"
    example = f", for example {json.dumps(field.examples[0])}" if field.examples else ""
    return f"{field.description} Set it{example}"


def _meant_by(error: ErrorDetails) -> str | None:
    if reference_setting(str(error["loc"][-1])) is not None:
        return None
    return closest(str(error["loc"][-1]), _siblings(error["loc"]))


def _siblings(at: Location) -> list[str]:
    shape = shape_at(at[:-1])
    return list(shape.section.model_fields) if shape and shape.section else []


def _name_remedy(error: ErrorDetails) -> str:
    at, name = error["loc"], str(error["loc"][-1])
    known = reference_setting(name)
    if known is not None:
        return known.advice
    siblings = _siblings(at)
    if closest(name, siblings) is not None:
        return did_you_mean(name, siblings)
    elsewhere = [setting.path for setting in settings() if setting.location[-1] == name]
    if elsewhere:
        return f"did you mean {elsewhere[0]}?"
    return did_you_mean(name, siblings) if len(at) > 1 else "see all settings with: config explain"


def _encrypted_remedy(at: Location) -> str:
    secrets = [setting.path for setting in inside(at) if setting.secret]
    if secrets:
        return f"encrypt the values inside, one by one: pulumi config set --secret --path {secrets[0]}"
    return "set it again without --secret"
