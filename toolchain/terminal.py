"""Text from outside, for a terminal: nothing in it moves the cursor, renames the window or hides what stands there.

Servers' consoles, what tasks and the cloud say, names of images: whoever writes them may mean the operator's terminal.
`printable` cleans one text, where it comes in. `guarded` cleans whatever a program prints, by whatever way, so that a
place that was forgotten does no harm; it leaves colours, which our own tables and help texts have.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

#: What terminals take for more than text: CSI; the strings OSC, DCS, SOS, PM and APC; two characters; a lone ESC.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
_KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    """A text without escape sequences and control characters; lines and tabs stay.

    Characters that change the direction of writing, or that nobody sees, go as well.
    """
    if all(part.isprintable() for part in re.split(r"[\n\t]", text)):
        return text
    return "".join(each for each in _SEQUENCE.sub("", text) if each in _KEPT or each.isprintable())


def raw(stream: TextIO) -> TextIO:
    """The stream itself, for a program that draws on the terminal; it has to clean what it draws."""
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
    """A stream that writes no control characters."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Write a text; colours stay."""
        parts = _COLOUR.split(text)
        self.inner.write("".join(part if number % 2 else printable(part) for number, part in enumerate(parts)))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
