"""How long to wait before the next try. Pure."""

from __future__ import annotations

#: Seconds before the first retry; doubles with each.
FIRST = 1.0
#: Seconds at most, unless the server asks for more.
LONGEST = 30.0
#: Seconds at most that a server's Retry-After is believed.
LONGEST_ASKED = 300.0


def delay(tries: int, draw: float, retry_after: float | None = None) -> float:
    """Seconds until the next try.

    Args:
        tries: how many have failed so far, 1 or more.
        draw: a random number from 0 to 1; spreads retries over the second half of the interval, so that many
            nodes that failed together do not come back together.
        retry_after: what the server asked for; never undercut, since it knows.
    """
    interval = min(LONGEST, FIRST * 2.0 ** min(tries - 1, 16))
    asked = min(retry_after or 0.0, LONGEST_ASKED)
    return max(interval * (0.5 + draw / 2), asked * (1.0 + draw / 10))


def poll_interval(following: int, shortest: float, parallel: int) -> float:
    """Seconds between two looks at one node while `following` nodes are followed.

    Keeps the sum of all looks at no more than two a second for each of the `parallel` connections.
    """
    return max(shortest, following / (2.0 * parallel))
