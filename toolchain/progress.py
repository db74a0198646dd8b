"""Tells the user on standard error what takes so long, and why it is done."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(text: str) -> None:
    """One line of progress."""
    print(f"toolchain: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what: str, why: str) -> Iterator[None]:
    """A step that takes a while: named with its reason at the start, with its seconds at the end."""
    say(f"{what} ({why}) ...")
    start = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - start:.0f} s")
