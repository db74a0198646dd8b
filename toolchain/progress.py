"""Reports on standard error what takes long, and why it is done."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"toolchain: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what: str, why: str) -> Iterator[None]:
    """A long step: print its reason at the start and its duration at the end."""
    say(f"{what} ({why}) ...")
    start = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - start:.0f} s")
