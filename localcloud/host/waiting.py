"""Waits for the host: polls a condition with a timeout."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], limit: float, interval: float = 0.05) -> bool:
    """Whether a condition became true within `limit` seconds; it is checked once more at the end."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(interval)
    return condition()
