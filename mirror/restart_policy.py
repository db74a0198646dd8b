"""When a process of the mirror that died is started again, and when that is given up."""

from collections.abc import Sequence

#: So many deaths within `WINDOW` seconds are no accident.
LIMIT = 5
WINDOW = 300.0

#: Seconds before the first restart; each further death within the window doubles them.
FIRST_DELAY = 0.5


def restart_delay(deaths: Sequence[float], now: float) -> float | None:
    """How long to wait before the next start of a process, in seconds, or None to give up.

    Args:
        deaths: when it died, in seconds on the clock of ``now``, the latest death included.
        now: the present moment.
    """
    recent = [moment for moment in deaths if now - moment <= WINDOW]
    if len(recent) > LIMIT:
        return None
    return FIRST_DELAY * 2.0 ** max(0, len(recent) - 1)
