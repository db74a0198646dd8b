"""Expands Slurm's node list expressions to names: ``c[001-003,7],gpu-[1-2]-x``.

Slurm passes node lists to RebootProgram in any of these forms. ``scontrol show hostnames`` would also work, but needs
slurmctld's configuration and one more process on a path that must not fail.
"""

from __future__ import annotations

import re

#: More names than any cluster has: a mistyped range must not exhaust the memory.
MOST_NAMES = 65536

_LITERAL = re.compile(r"[A-Za-z0-9._-]+")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class HostlistError(ValueError):
    """Raised for an invalid node list; the message has the position."""


def expand(text: str) -> list[str]:
    """The names of a node list, in its order, each once.

    Raises:
        HostlistError: unbalanced or nested brackets, an empty item, a range that is descending or changes its width, a
            character that node names cannot have, or more than `MOST_NAMES` names.
    """
    names: dict[str, None] = {}
    for item in _items(text.strip()):
        for name in _names(item):
            names[name] = None
            if len(names) > MOST_NAMES:
                raise HostlistError(f"{text[:80]!r} names more than {MOST_NAMES} nodes")
    return list(names)


def _items(text: str) -> list[str]:
    """Split at commas outside brackets."""
    items, start, depth = [], 0, 0
    for position, character in enumerate(text):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == "," and not depth:
            items.append(text[start:position])
            start = position + 1
        if depth not in {0, 1}:
            raise HostlistError(f"unbalanced or nested brackets in node list {text!r} at character {position + 1}")
    if depth:
        raise HostlistError(f"node list {text!r} ends inside brackets")
    items.append(text[start:])
    if not all(items):
        raise HostlistError(f"node list {text!r} has an empty name")
    return items


def _names(item: str) -> list[str]:
    """The names of one item: all combinations of its literals and bracket groups."""
    names = [""]
    for part in re.split(r"(\[[^]]*\])", item):
        if not part:
            continue
        if part.startswith("["):
            choices = _numbers(part[1:-1], item)
        elif _LITERAL.fullmatch(part):
            choices = [part]
        else:
            raise HostlistError(f"{part!r} in node list item {item!r} is not part of a node name")
        if len(names) * len(choices) > MOST_NAMES:
            raise HostlistError(f"{item!r} names more than {MOST_NAMES} nodes")
        names = [name + choice for name in names for choice in choices]
    return names


def _numbers(group: str, item: str) -> list[str]:
    """The numbers of one bracket group, as strings with zero padding."""
    numbers: list[str] = []
    for part in group.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise HostlistError(f"{part!r} in node list item {item!r} is neither a number nor a range")
        first, last = match[1], match[2] or match[1]
        padded = any(len(end) > 1 and end.startswith("0") for end in (first, last))
        if int(last) < int(first) or (padded and len(first) != len(last)):
            raise HostlistError(f"range {part!r} in node list item {item!r} is descending or changes its width")
        if int(last) - int(first) >= MOST_NAMES:
            raise HostlistError(f"range {part!r} in node list item {item!r} has more than {MOST_NAMES} numbers")
        width = len(first) if padded else 0
        numbers += [str(number).zfill(width) for number in range(int(first), int(last) + 1)]
    return numbers
