"""Every setting there is: where, what kind of value, with which default and update policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from slurm_appliance.config.cluster import CHAPTERS, ClusterConfig
from slurm_appliance.config.kinds import Keyed, kind_of
from slurm_appliance.config.paths import KEY, Location, render
from slurm_appliance.config.policy import Consequence, UpdatePolicy
from slurm_appliance.config.secret import Secret
from slurm_appliance.config.section import Section, Shape, field_shape, policy_of, shape_of, subsections


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        location: keys from the top; ``<group>`` stands for a key of the operator's choice, ``[]`` for an index.
        field: pydantic's record of it.
        chapter: the part of the configuration that it belongs to.
    """

    location: tuple[str, ...]
    field: FieldInfo
    chapter: type[Section]

    @property
    def path(self) -> str:
        """``compute.<group>.flavor``."""
        return render(self.location).replace('["[]"]', "[]")

    @property
    def shape(self) -> Shape:
        """What its values are made of."""
        return field_shape(self.field)

    @property
    def policy(self) -> UpdatePolicy:
        """What a change of it does to a running cluster."""
        return policy_of(self.field)

    @property
    def consequence(self) -> str:
        """The same in a sentence."""
        return consequence_of(self.field)

    @property
    def description(self) -> str:
        """What it means."""
        return self.field.description or ""

    @property
    def type_text(self) -> str:
        """What its values are, in words."""
        return describe(self.shape)

    @property
    def allowed_text(self) -> str:
        """What is allowed, in words; empty where the type says it all."""
        return allowed(self.shape)

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return self.shape.bare is Secret

    @property
    def contains_secrets(self) -> bool:
        """Whether its value, or anything inside it, must not be shown."""
        return holds_secrets(self.shape)


def consequence_of(field: FieldInfo) -> str:
    """What a change of the field's value does, in a sentence."""
    special = [entry.sentence for entry in field.metadata if isinstance(entry, Consequence)]
    return special[0] if special else policy_of(field).consequence


def holds_secrets(shape: Shape) -> bool:
    """Whether a value of this shape may have a secret in it."""
    return shape.bare is Secret or any(
        holds_secrets(field_shape(field)) for section in subsections(shape) for field in section.model_fields.values()
    )


def placeholder(shape: Shape) -> str:
    """What stands for an entry of a mapping or a list in a path."""
    return next((f"<{entry.key}>" for entry in shape.metadata if isinstance(entry, Keyed)), "[]")


def describe(shape: Shape) -> str:
    """The type of a value, in words."""
    if shape.section is not None:
        return "settings"
    if shape.is_mapping:
        return f"{placeholder(shape)[1:-1]}: {describe(shape_of(shape.items))}"
    if shape.is_list:
        return f"list of: {describe(shape_of(shape.items))}"
    if isinstance(shape.bare, type) and issubclass(shape.bare, Enum):
        return " | ".join(member.value for member in shape.bare)
    kinds = [kind for entry in shape.metadata if (kind := kind_of(entry)) is not None]
    return kinds[-1].name.removeprefix("an ").removeprefix("a ")


def allowed(shape: Shape) -> str:
    """What is allowed for a value of this shape, or for the entries of one; empty where the type says it all."""
    if shape.items is not None:
        return allowed(shape_of(shape.items))
    kinds = [kind for entry in shape.metadata if (kind := kind_of(entry)) is not None]
    return kinds[-1].allowed if kinds else ""


@cache
def settings() -> tuple[Setting, ...]:
    """All settings, chapter by chapter, each before those inside it."""
    return tuple(
        setting
        for chapter in CHAPTERS
        for name, field in chapter.model_fields.items()
        for setting in _below((name,), field, chapter)
    )


def _below(location: tuple[str, ...], field: FieldInfo, chapter: type[Section]) -> Iterator[Setting]:
    yield Setting(location, field, chapter)
    shape = field_shape(field)
    inner = location if shape.section is not None else (*location, placeholder(shape))
    for section in subsections(shape):
        for name, subfield in section.model_fields.items():
            yield from _below((*inner, name), subfield, chapter)


def shape_at(location: Location) -> Shape | None:
    """The shape of the value at a location; None where no setting can be."""
    shape: Shape | None = Shape(ClusterConfig, section=ClusterConfig)
    for piece in location:
        if piece == KEY:
            return shape_of(shape.keys) if shape else None
        shape = _step(shape, piece) if shape else None
    return shape


def _step(shape: Shape, piece: str | int) -> Shape | None:
    if shape.section is not None:
        field = shape.section.model_fields.get(str(piece))
        return field_shape(field) if field else None
    return shape_of(shape.items) if shape.items is not None else None


def field_at(location: Location) -> FieldInfo | None:
    """The field of the setting at a location; None where there is none, or where the location is an entry of one."""
    shape = shape_at(location[:-1]) if location else None
    return shape.section.model_fields.get(str(location[-1])) if shape and shape.section else None


def enclosing_field(location: Location) -> FieldInfo:
    """The field at a location, or the innermost one around it.

    Raises:
        LookupError: the location begins with no setting.
    """
    for length in range(len(location), 0, -1):
        field = field_at(location[:length])
        if field is not None:
            return field
    raise LookupError(render(location))


def matching(location: Location) -> Setting | None:
    """The setting that a location means, also where it has a key of the operator's in place of ``<group>``."""
    for setting in settings():
        if len(setting.location) == len(location) and all(map(_fits, setting.location, location)):
            return setting
    return None


def inside(location: Location) -> tuple[Setting, ...]:
    """The settings below a location."""
    return tuple(
        setting
        for setting in settings()
        if len(setting.location) > len(location) and all(map(_fits, setting.location, location))
    )


def _fits(template: str, piece: str | int) -> bool:
    if template == "[]":
        return isinstance(piece, int)
    return template == piece or (template.startswith("<") and isinstance(piece, str))


def default_of(field: FieldInfo) -> Any:
    """The default as a plain value; None where there is none."""
    if field.is_required():
        return None
    default = field.get_default(call_default_factory=True)
    return default.model_dump(mode="json") if isinstance(default, Section) else default
