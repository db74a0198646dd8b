"""What benchmarks of this folder measure with."""

import time
from collections.abc import Callable


def timed(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
