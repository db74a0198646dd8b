"""Kinds of values: each knows its name, what is allowed, and how to say so to an operator.

A kind is put on a type with ``Annotated`` (see values.py). Its name and its rule appear in errors, in the reference and
in the JSON Schema, so that the three cannot part ways.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

#: The pydantic error type of everything that our own validators find.
OUR_ERROR = "slurm_appliance"


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """An error about the value at hand: ``what`` follows the value in a sentence and does not repeat it."""
    return PydanticCustomError(OUR_ERROR, "{what}", {"what": what, "remedy": remedy})


class ValueType(Protocol):
    """What errors and the reference need to know of a kind."""

    @property
    def name(self) -> str:
        """With its article: "an IP address"."""

    @property
    def allowed(self) -> str:
        """The rule, or an example, as it follows "allowed: "."""


def any_text(_text: str) -> bool:
    """Accept every text: the pattern and the length decide."""
    return True


@dataclass(frozen=True)
class Text:
    """A text that follows a rule: a pattern that matches all of it, a function that accepts it, or both."""

    name: str
    allowed: str
    pattern: str = ""
    accepts: Callable[[str], bool] = field(default=any_text, repr=False)
    max_length: int = 255
    min_length: int = 1

    def fits(self, text: str) -> bool:
        """Whether the text follows the rule."""
        matches = not self.pattern or re.fullmatch(self.pattern, text, re.ASCII) is not None
        return matches and self.min_length <= len(text) <= self.max_length and self.accepts(text)

    def check(self, text: str) -> str:
        """Return the text, or raise the error that says what is allowed."""
        if not self.fits(text):
            raise wrong(f"is not {self.name}", f"allowed: {self.allowed}")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return handler(schema) | {"minLength": self.min_length, "maxLength": self.max_length} | pattern


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, also as text: that is how ``pulumi config set`` stores it."""

    minimum: int
    maximum: int
    unit: str = ""

    @property
    def name(self) -> str:
        """With its article."""
        return f"a whole number{f' of {self.unit}' if self.unit else ''}"

    @property
    def allowed(self) -> str:
        """The bounds."""
        return f"{self.minimum} to {self.maximum}"

    def read(self, value: object) -> int:
        """Return the number, or raise the error that says what is allowed."""
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(f"is not {self.name}", f"allowed: {self.allowed}")
        if not self.minimum <= value <= self.maximum:
            raise wrong("is out of bounds", f"allowed: {self.name}, {self.allowed}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        accepted = core_schema.int_schema(ge=self.minimum, le=self.maximum)
        return core_schema.no_info_plain_validator_function(self.read, json_schema_input_schema=accepted)


@dataclass(frozen=True)
class TrueFalse:
    """true or false, also as text: that is how ``pulumi config set`` stores it."""

    name: str = "true or false"
    allowed: str = "true, false"

    def read(self, value: object) -> bool:
        """Return the truth value, or raise the error that says what is allowed."""
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise wrong("is neither true nor false", f"allowed: {self.allowed}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        accepted = core_schema.bool_schema()
        return core_schema.no_info_plain_validator_function(self.read, json_schema_input_schema=accepted)


@dataclass(frozen=True)
class ScalarAsText:
    """Takes numbers and truth values as the text that they are written as; for values that other programs read."""

    def read(self, value: object) -> object:
        """Return scalars as text, anything else as it is."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, int | float) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class SlurmScalar(ScalarAsText):
    """The same for slurm.conf, which writes truth values as YES and NO; quotes around a whole text are taken off."""

    def read(self, value: object) -> object:
        """Return scalars as text, anything else as it is."""
        if isinstance(value, bool):
            return "YES" if value else "NO"
        if isinstance(value, str) and len(value) > 2 and value[0] == value[-1] == '"':
            return value[1:-1]
        return super().read(value)


@dataclass(frozen=True)
class Keyed:
    """A mapping whose keys the operator chooses.

    ``key`` is what they stand for: "group", "network"; ``example`` is one, for the example of all settings.

    Entries are sorted: Pulumi hands mappings to the program sorted by key, whatever their order in the file, and both
    ways must give the same cluster.
    """

    key: str
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_sorted, handler(source))


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))


def kind_of(metadata: object) -> ValueType | None:
    """The metadata itself where it is a kind."""
    return cast("ValueType", metadata) if hasattr(metadata, "name") and hasattr(metadata, "allowed") else None
