"""Where a setting is, as an operator writes it: ``compute.general.flavor``, ``cluster_networks[0].subnet``."""

import re
from collections.abc import Mapping, Sequence

#: Keys and list indices from the top of the configuration.
Location = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z0-9_<>-]+")
#: What Pulumi writes before the first key of a stack file's ``config``.
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]+:")
_PIECE = re.compile(r'\.?([^.\[\]"]+)|\[([0-9]+)\]|\["([^"]*)"\]')

#: What pydantic calls the key of an entry, where the key and not the value is wrong.
KEY = "[key]"


def render(location: Location) -> str:
    """The path in the notation that ``pulumi config set --path`` takes."""
    text = ""
    for piece in location:
        if isinstance(piece, int):
            text += f"[{piece}]"
        elif _PLAIN.fullmatch(piece if text else _NAMESPACE.sub("", piece, count=1)):
            text += f".{piece}" if text else piece
        elif piece != KEY:
            text += f"[{_quoted(piece)}]"
    return text


def _quoted(piece: str) -> str:
    shown = piece.encode("unicode_escape").decode("ascii") if not piece.isprintable() else piece
    return '"' + (shown if len(shown) <= 80 else f"{shown[:77]}...") + '"'


def parse(text: str) -> Location | None:
    """The location that a path means, with or without the project's namespace; None where it is not a path."""
    pieces: list[str | int] = []
    namespace = _NAMESPACE.match(text)
    position = namespace.end() if namespace else 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            return None
        pieces.append(int(match[2]) if match[2] else match[1] or match[3])
        position = match.end()
    return tuple(pieces)


def look_up(tree: object, location: Location) -> object:
    """The value at a location.

    Raises:
        LookupError: there is none.
    """
    for piece in location:
        if isinstance(tree, Mapping) or (isinstance(tree, Sequence) and isinstance(piece, int)):
            tree = tree[piece]  # type: ignore[index]  # A mapping of texts and a sequence of integers.
        else:
            raise LookupError(render(location))
    return tree
