"""Delays between retries. Pure."""

from __future__ import annotations

#: Seconds before the first retry; doubles with each.
FIRST = 1.0
#: Maximum in seconds, unless the server asks for more.
LONGEST = 30.0
#: Maximum accepted Retry-After in seconds.
LONGEST_ASKED = 300.0


def delay(tries: int, draw: float, retry_after: float | None = None) -> float:
    """The delay until the next try, in seconds.

    Args:
        tries: number of failed tries, 1 or more.
        draw: a random number from 0 to 1; spreads retries over the second half of the interval, so that many
            nodes that failed together do not come back together.
        retry_after: the server's minimum delay.
    """
    interval = min(LONGEST, FIRST * 2.0 ** min(tries - 1, 16))
    asked = min(retry_after or 0.0, LONGEST_ASKED)
    return max(interval * (0.5 + draw / 2), asked * (1.0 + draw / 10))


def poll_interval(following: int, shortest: float, parallel: int) -> float:
    """Polling interval per node in seconds while `following` nodes are followed.

    Limits polling to two requests per second for each of the `parallel` connections.
    """
    return max(shortest, following / (2.0 * parallel))
