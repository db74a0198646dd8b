"""Decides when to restart a process of the mirror that exited, and when to give up."""

from collections.abc import Sequence

#: After this many exits within `WINDOW` seconds, give up.
LIMIT = 5
WINDOW = 300.0

#: Delay before the first restart, in seconds; doubled by each further exit within the window.
FIRST_DELAY = 0.5


def restart_delay(deaths: Sequence[float], now: float) -> float | None:
    """The delay before a process's next start, in seconds, or None to give up.

    Args:
        deaths: times of its exits on the clock of ``now``, including the latest.
        now: the current time.
    """
    recent = [moment for moment in deaths if now - moment <= WINDOW]
    if len(recent) > LIMIT:
        return None
    return FIRST_DELAY * 2.0 ** max(0, len(recent) - 1)
