"""What can still be checked of a configuration that has mistakes: everything that the mistakes do not touch."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from slurm_appliance.config.paths import Location
from slurm_appliance.config.section import Section, Shape, field_shape, shape_of


class NotParsed(Exception):  # noqa: N818  Not an error: it says that a check has to be left out.
    """Raised when a check asks for a setting that has a mistake; the check is then left out."""


class Partial:
    """Stands in for a section, with those of its settings that have no mistakes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise NotParsed(name) from None


def salvage(
    section: type[Section], tree: Mapping[str, Any], mistakes: Collection[Location], context: Any = None
) -> Partial:
    """The settings of a section that have no mistakes.

    Sections, entries of mappings and of lists of sections that have some are salvaged in turn.

    Args:
        section: the type of the section.
        tree: what was to become one.
        mistakes: the locations of the mistakes, seen from this section.
        context: that of the validation.
    """
    values = {}
    for name, field in section.model_fields.items():
        try:
            values[name] = _value(name, field, tree, mistakes, context)
        except NotParsed:
            continue
    return Partial(values)


def _value(name: str, field: FieldInfo, tree: Mapping[str, Any], mistakes: Collection[Location], context: Any) -> Any:
    inside = [location[1:] for location in mistakes if location and location[0] == name]
    if inside:
        return _salvaged(field_shape(field), tree.get(name), inside, context)
    if name not in tree:
        if field.is_required():
            raise NotParsed(name)
        return field.get_default(call_default_factory=True)
    return _adapter(section_field(field)).validate_python(tree[name], context=context)


def _salvaged(shape: Shape, tree: Any, mistakes: Collection[Location], context: Any) -> Any:
    if () in mistakes:
        raise NotParsed
    if shape.section is not None and isinstance(tree, Mapping):
        return salvage(shape.section, tree, mistakes, context)
    if shape.is_mapping and isinstance(tree, Mapping):
        return {key: _entry(shape, key, entry, mistakes, context) for key, entry in sorted(tree.items())}
    if shape.is_list and shape_of(shape.items).section is not None and isinstance(tree, list):
        return tuple(_entry(shape, index, entry, mistakes, context) for index, entry in enumerate(tree))
    raise NotParsed


def _entry(shape: Shape, key: str | int, entry: Any, mistakes: Collection[Location], context: Any) -> Any:
    inside = [location[1:] for location in mistakes if location and location[0] == key]
    if not inside:
        return _adapter(shape.items).validate_python(entry, context=context)
    items = shape_of(shape.items)
    try:
        return _salvaged(items, entry, inside, context)
    except NotParsed:
        if items.section is None:
            raise
        return Partial({})  # Its name is known, if nothing else.


def section_field(field: FieldInfo) -> Any:
    """The type of a field with all that ``Annotated`` put on it."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)
