"""The file that holds the fault switches; safe for threads and processes that count it down at the same time."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from localcloud.errors import NotFoundError, NotRunningError
from localcloud.faults.fault import Fault

#: Names the file to the services.
VARIABLE = "LOCALCLOUD_FAULTS"


class FaultStore:
    """The switches of one cloud.

    Args:
        path: the file; it exists only while there is a switch.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def faults(self) -> list[Fault]:
        """All switches that are on, oldest first."""
        try:
            return [Fault.from_dict(values) for values in json.loads(self.path.read_text())]
        except FileNotFoundError:
            return []

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        with self._locked():
            self._write([*self.faults(), fault])
        return fault

    def clear(self, identity: str | None = None) -> int:
        """Switch one fault off, or all of them, and say how many were on.

        Raises:
            NotFoundError: there is no such switch; perhaps its calls are used up.
        """
        with self._locked():
            faults = self.faults()
            left = [fault for fault in faults if identity is not None and fault.id != identity]
            if identity is not None and len(left) == len(faults):
                raise NotFoundError(f"no fault {identity!r} is enabled", remedy="list them with `cloud fault list`")
            self._write(left)
        return len(faults) - len(left)

    def take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        """The first switch that is wanted, with one of its calls used up; None when there is none."""
        if not self.path.exists():
            return None  # The usual case costs no lock.
        with self._locked():
            faults = self.faults()
            found = next((fault for fault in faults if wanted(fault)), None)
            if found and found.times is not None:
                rest = [replace(found, times=found.times - 1)] if found.times > 1 else []
                self._write([kept for fault in faults for kept in (rest if fault is found else [fault])])
        return found

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self.path.parent.is_dir():
            raise NotRunningError(
                "there is no local cloud",
                where=str(self.path.parent),
                remedy="start one with `slurm-appliance cloud up`",
            )
        # A file of its own: the switches' file is replaced, and a lock on a replaced file guards nothing.
        with self.path.with_suffix(".lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _write(self, faults: list[Fault]) -> None:
        if not faults:
            self.path.unlink(missing_ok=True)
            return
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps([fault.as_dict() for fault in faults], indent=1))
        fresh.replace(self.path)


def take_server_fault(effect: str, *names: str) -> bool:
    """Whether a switch with this effect is on for a server known by these names; uses up one of its calls.

    For the compute driver: ``take_server_fault("rebuild-error", instance.uuid, instance.display_name)``.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return False
    return FaultStore(Path(named)).take(lambda fault: fault.matches_server(effect, *names)) is not None
