"""Wait for the host: poll a condition, never for ever."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], limit: float, interval: float = 0.05) -> bool:
    """Whether a condition came true within `limit` seconds; it is looked at once more when they are over."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(interval)
    return condition()
