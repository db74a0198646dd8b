"""Node names written the short way, as Slurm does: ``c-[0-15,20]``."""

import re
from collections.abc import Iterable

#: At most so many nodes in one entry: a slip in a range must not fill the memory.
MOST_NODES = 10_000

_NUMBERS = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
_ENTRY = re.compile(rf"[a-z0-9-]*(?:\[({_NUMBERS}(?:,{_NUMBERS})*)\])?[a-z0-9-]*")


def is_hostlist(text: str) -> bool:
    """Whether the text is a node's name, or names many with at most one pair of brackets."""
    match = _ENTRY.fullmatch(text)
    if match is None or not text:
        return False
    return match[1] is None or 0 < _size(match[1]) <= MOST_NODES


def _size(ranges: str) -> int:
    """How many numbers ``0-15,20`` stands for; 0 where a range runs backwards or its ends are padded differently."""
    size = 0
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        last = last or first
        padded = first.startswith("0") or last.startswith("0")
        if int(last) < int(first) or (padded and first != "0" and len(first) != len(last)):
            return 0
        size += int(last) - int(first) + 1
    return size


def expand(entries: Iterable[str]) -> tuple[str, ...]:
    """The names that the entries stand for, in the order written; within brackets in numeric order."""
    names: list[str] = []
    for entry in entries:
        if "[" not in entry:
            names.append(entry)
            continue
        # Brought in here, because most configurations need no expansion and importing it takes time.
        from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet

        names.extend(NodeSet(entry, resolver=RESOLVER_NOGROUP))
    return tuple(names)
