"""What all commands of sacctmgr are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: Maximum number of names per command: sacctmgr accepts lists, but command lines are limited.
_NAMES = 500
#: sacctmgr's word for an option that is not set.
UNSET = "-1"

#: Arguments of sacctmgr.
Command = tuple[str, ...]


def chunks(names: Iterable[str]) -> Iterator[str]:
    """The names, sorted, in lists that fit into a command."""
    yield from (",".join(some) for some in groups(names))


def groups(names: Iterable[str]) -> Iterator[list[str]]:
    """The same, not joined."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _NAMES):
        yield ordered[start : start + _NAMES]
