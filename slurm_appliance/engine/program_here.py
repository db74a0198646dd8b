"""The Pulumi program in this process, instead of a Python of its own, which takes a second to import the same modules.

The engine calls back for it. It is the project's ``__main__.py``, run as the language host would run it. Only for a
process that does nothing else, because the program reads its settings from the process's environment.
"""

import gc
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from toolchain.paths import REPOSITORY

#: With more nodes, the program and what this process does with the engine's events slow each other down.
MOST_NODES = 100


@contextmanager
def program_here(variables: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """The program, for as long as the process's environment has these variables as well.

    Args:
        variables: what the engine's environment has in addition to this process's.
    """
    before, collects = dict(os.environ), gc.isenabled()
    os.environ.update(variables)
    try:
        yield _run
    finally:
        os.environ.clear()
        os.environ.update(before)
        if collects:  # The program switches it off.
            gc.enable()


def _run() -> None:
    runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")
