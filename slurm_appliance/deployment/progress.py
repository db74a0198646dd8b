"""Reports the engine's work, as lines with times: one when a part starts or ends, and some in between."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slurm_appliance.engine.steps import COMMAND, Step, planned

#: Interval between lines about a running part, in seconds.
_PULSE = 10.0


@dataclass
class _Part:
    """The resources of one component: a node group, the networks, the environment's folder."""

    expected: int = 0
    begun: float = 0.0
    done: int = 0
    failed: int = 0
    ended: bool = False


class StepProgress:
    """Receives steps when they start and end, and reports progress.

    Args:
        say: prints a line for the operator.
        expected: the planned steps; without them, parts have neither totals nor ends.
        clock: seconds; time.monotonic().
    """

    def __init__(
        self, say: Callable[[str], None], expected: Iterable[Step] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._start = self._last = clock()
        self._parts: dict[str, _Part] = {}
        self._running: dict[str, Step] = {}
        for step in planned(expected):
            self._parts.setdefault(step.group, _Part()).expected += 1

    def begins(self, step: Step) -> None:
        """A step starts."""
        if not planned([step]):
            return
        part = self._parts.setdefault(step.group, _Part())
        self._running[step.urn] = step
        if not part.begun:
            part.begun = self._clock()
            total = f" ({part.expected})" if part.expected > 1 else ""
            self.line(f"{_title(step)}{total} ...")
        self._pulse()

    def ends(self, step: Step, *, failed: bool = False) -> None:
        """A step ends."""
        if not planned([step]):
            return
        self._running.pop(step.urn, None)
        part = self._parts.setdefault(step.group, _Part())
        part.done += not failed
        part.failed += failed
        if failed:
            self.line(f"{_title(step)}: {step.name} failed")
        elif part.expected and part.done == part.expected and not part.ended:
            part.ended = True
            self.line(f"{_title(step)}: done in {self._clock() - part.begun:.0f} s")
        self._pulse()

    def message(self, urn: str, text: str, *, command: bool) -> None:
        """Report a line of a command's output, or a warning about a resource."""
        name = urn.rpartition("::")[2]
        self.line(f"{name}: {text}" if command or name else text)

    def line(self, text: str) -> None:
        """Print a line now."""
        self._last = self._clock()
        elapsed = int(self._last - self._start)
        self._say(f"{elapsed // 60:3d}:{elapsed % 60:02d}  {text}")

    def _pulse(self) -> None:
        if self._clock() - self._last < _PULSE:
            return
        under_way = [
            f"{group} {part.done}/{part.expected}" if part.expected else f"{group} {part.done}"
            for group, part in self._parts.items()
            if part.begun and not part.ended and not self._is_command(group)
        ]
        if under_way:
            self.line(f"... {', '.join(under_way)}")

    def _is_command(self, group: str) -> bool:
        """Commands report their own progress."""
        running = [step for step in self._running.values() if step.group == group]
        return bool(running) and all(step.type == COMMAND for step in running)


def _title(step: Step) -> str:
    return step.group or step.name
