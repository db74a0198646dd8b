"""Cleans text from outside for a terminal: nothing in it can move the cursor, rename the window or hide output.

Server consoles, output of tasks and the cloud, names of images: their authors may attack the operator's terminal.
`printable` cleans one text where it is received. `guarded` cleans everything that a program prints, as a safety net; it
keeps colours, which our own tables and help texts use.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

#: Escape sequences: CSI; the strings OSC, DCS, SOS, PM and APC; two-character sequences; a lone ESC.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
_KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    """A text without escape sequences and control characters; newlines and tabs are kept.

    Also removes invisible characters and those that change the writing direction.
    """
    if all(part.isprintable() for part in re.split(r"[\n\t]", text)):
        return text
    return "".join(each for each in _SEQUENCE.sub("", text) if each in _KEPT or each.isprintable())


def raw(stream: TextIO) -> TextIO:
    """The stream itself, for a program that draws on the terminal and cleans its own output."""
    return stream.inner if isinstance(stream, _Guarded) else stream


@contextmanager
def guarded() -> Iterator[None]:
    """Clean what is printed to standard output and standard error until the block ends."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", _Guarded(raw(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Guarded:
    """A stream that drops control characters."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Write a text; keeps colours."""
        parts = _COLOUR.split(text)
        self.inner.write("".join(part if number % 2 else printable(part) for number, part in enumerate(parts)))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
