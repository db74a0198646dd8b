"""Compares versions of Debian packages by Debian's policy, without dpkg.

A version is ``[epoch:]upstream[-revision]``. Upstream and revision are compared piece by piece, text and numbers in
turn: numbers by value, text by letters before all other characters, and ``~`` before everything, also before the end.
"""

import functools
import re
from itertools import zip_longest

_VERSION = re.compile(r"([0-9]+):([A-Za-z0-9.+~:-]+)|([A-Za-z0-9.+~-]+)")
_PIECES = re.compile(r"([^0-9]*)([0-9]*)")

_Piece = tuple[tuple[int, ...], int]
_Part = list[_Piece]

#: Marks the end: older than any further text or number, newer than ``~``.
_END: _Piece = ((0,), 0)


@functools.total_ordering
class DebianVersion:
    """A version that can be compared with others.

    Args:
        text: the version in dpkg's format.

    Raises:
        ValueError: it is not a valid version.
    """

    def __init__(self, text: str) -> None:
        found = _VERSION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a Debian package version")
        self.text = text
        without_epoch = found[2] or found[3]
        upstream, _, revision = without_epoch.rpartition("-") if "-" in without_epoch else (without_epoch, "", "")
        epoch: _Part = [((0,), int(found[1] or 0))]
        #: Epoch, upstream version and revision as they are compared.
        self.parts: tuple[_Part, _Part, _Part] = (epoch, _pieces(upstream), _pieces(revision))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DebianVersion) and self._first_difference(other) is None

    def __lt__(self, other: "DebianVersion") -> bool:
        different = self._first_difference(other)
        return different is not None and different[0] < different[1]

    #: Equal versions can be written differently, so there is no hash.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"DebianVersion({self.text!r})"

    def _first_difference(self, other: "DebianVersion") -> tuple[_Piece, _Piece] | None:
        for mine, theirs in zip(self.parts, other.parts, strict=True):
            for one, two in zip_longest(mine, theirs, fillvalue=_END):
                if one != two:
                    return one, two
        return None


def _pieces(part: str) -> _Part:
    return [(_text_key(text), int(number or 0)) for text, number in _PIECES.findall(part)]


def _text_key(text: str) -> tuple[int, ...]:
    return (*(-1 if sign == "~" else ord(sign) + (0 if sign.isalpha() else 256) for sign in text), 0)
