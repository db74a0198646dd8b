"""What is to be done to get from the units that are there to those that are wanted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .units import MARK


@dataclass(frozen=True)
class UnitPlan:
    """What is to be done, in this order.

    Attributes:
        remove: units to stop and remove; automounts before their mounts, inner mount points before outer ones.
        write: units to write.
        restart: active units that are older than their file, to stop and start again.
    """

    remove: tuple[str, ...]
    write: tuple[str, ...]
    restart: tuple[str, ...]


def ours(texts: Mapping[str, str]) -> dict[str, str]:
    """The units among these that this program wrote."""
    return {name: text for name, text in texts.items() if text.startswith(MARK)}


def foreign(wanted: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """Wanted units that somebody else's are in the place of."""
    return sorted(name for name in wanted if name in texts and not texts[name].startswith(MARK))


def plan(wanted: Mapping[str, str], found: Mapping[str, str], outdated: Collection[str] = ()) -> UnitPlan:
    """What to do.

    Args:
        wanted: units that are wanted: text by name.
        found: units of ours that are there.
        outdated: active units whose file was changed after their start, for example while they were in use.
    """
    changed = [name for name, text in wanted.items() if found.get(name) != text]
    return UnitPlan(
        remove=tuple(sorted(found.keys() - wanted.keys(), key=_order)),
        write=tuple(changed),
        restart=tuple(name for name in wanted if name in found and (name in changed or name in outdated)),
    )


def _order(name: str) -> tuple[bool, int, str]:
    return not name.endswith(".automount"), -name.count("-"), name
