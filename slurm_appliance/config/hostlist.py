"""Node names written the short way, as Slurm does: ``c-[0-15,20]``, ``rack[0-1]n[0-3]``."""

import re
from collections.abc import Iterable
from math import prod
from typing import Any

#: At most so many nodes in one entry: a slip in a range must not fill the memory.
MOST_NODES = 10_000

_NUMBERS = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
_BRACKETS = re.compile(rf"\[({_NUMBERS}(?:,{_NUMBERS})*)\]")


def is_hostlist(text: str) -> bool:
    """Whether the text is a node's name, or names several by ranges in brackets."""
    plain = _BRACKETS.sub("0", text)
    if not re.fullmatch(r"[a-z0-9-]+", plain):
        return False
    sizes = [_size(match[1]) for match in _BRACKETS.finditer(text)]
    return not sizes or (0 < prod(sizes) <= MOST_NODES and _node_set(text) is not None)


def _size(ranges: str) -> int:
    """How many numbers ``0-15,20`` stands for, at most; 0 where a range runs backwards."""
    ends = [part.partition("-") for part in ranges.split(",")]
    sizes = [int(last or first) - int(first) + 1 for first, _, last in ends]
    return sum(sizes) if min(sizes) > 0 else 0


def _node_set(entry: str) -> Any | None:
    """The names as ClusterShell reads them; None where it cannot, for example with ends padded to different widths."""
    # Imported here: most names need no expansion, and the import takes time.
    from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetParseError

    try:
        return NodeSet(entry, resolver=RESOLVER_NOGROUP)
    except NodeSetParseError:
        return None


def fold(names: Iterable[str]) -> str:
    """Names in Slurm's short form, sorted: ``c-[0-3],d-0``."""
    from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet

    return str(NodeSet.fromlist(list(names), resolver=RESOLVER_NOGROUP))


def expand(entries: Iterable[str]) -> tuple[str, ...]:
    """The names that the entries stand for, in the order written; within brackets in numeric order."""
    names: list[str] = []
    for entry in entries:
        names.extend([entry] if "[" not in entry else _node_set(entry) or ())
    return tuple(names)
