"""The base of every section of the configuration, and what tools can ask about the shape of one."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from slurm_appliance.config.policy import UpdatePolicy


class Section(BaseModel):
    """A group of settings: nothing unknown in it, nothing changed after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        """An empty text stands for a setting that is not set, where a setting may be that."""
        if not isinstance(value, Mapping):
            return value
        unset = {name for name, field in cls.model_fields.items() if not field.is_required() and field.default is None}
        return {name: entry for name, entry in value.items() if not (name in unset and entry == "")}


class SectionOrText(Section):
    """A section that may also be written as a text; which of its settings that stands for, it says itself."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(schema))
        settings = dict(whole)
        whole.clear()
        whole["anyOf"] = [{"type": "string", "minLength": 1}, settings]
        return whole


@dataclass(frozen=True)
class Shape:
    """How values of a type are put together.

    Attributes:
        section: the section, where the value is one.
        items: the type of the entries, where the value is a mapping with keys of the operator's choice or a list.
        keys: the type of the keys, where the value is a mapping.
        bare: the type without ``Annotated`` and ``None``, where the value is a single one.
        metadata: what ``Annotated`` put on the type.
    """

    bare: Any
    metadata: tuple[Any, ...] = ()
    section: type[Section] | None = None
    keys: Any = None
    items: Any = None

    @property
    def is_mapping(self) -> bool:
        """A mapping with keys of the operator's choice."""
        return self.keys is not None

    @property
    def is_list(self) -> bool:
        """A list of entries of one type."""
        return self.items is not None and self.keys is None

    @property
    def is_single(self) -> bool:
        """A text, a number, a truth value, one of a set: nothing inside it."""
        return self.section is None and self.items is None


def shape_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Shape:
    """The shape of a type, as a field declares it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return shape_of(inner, (*extra, *metadata))
    if origin in (Union, types.UnionType):
        [inner] = [argument for argument in get_args(annotation) if argument is not types.NoneType]
        return shape_of(inner, metadata)
    if origin is tuple:
        return Shape(annotation, metadata, items=get_args(annotation)[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys, items = get_args(annotation)
        return Shape(annotation, metadata, keys=keys, items=items)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Shape(annotation, metadata, section=annotation)
    return Shape(annotation, metadata)


def field_shape(field: FieldInfo) -> Shape:
    """The shape of a field's values."""
    return shape_of(field.annotation, tuple(field.metadata))


def policy_of(field: FieldInfo) -> UpdatePolicy:
    """The field's update policy.

    Raises:
        LookupError: the field has none; a test makes sure that every field has one.
    """
    for entry in field.metadata:
        if isinstance(entry, UpdatePolicy):
            return entry
    raise LookupError(f"a setting without an update policy: {field.description}")


def subsections(shape: Shape) -> Iterator[type[Section]]:
    """The section that values of this shape are, or are made of."""
    if shape.section is not None:
        yield shape.section
    elif shape.items is not None:
        yield from subsections(shape_of(shape.items))
