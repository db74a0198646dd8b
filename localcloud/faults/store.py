"""The file of enabled faults; safe for threads and processes that use it in parallel."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from localcloud.errors import NotFoundError, NotRunningError
from localcloud.faults.fault import Fault

#: Environment variable with the file's path, for the services.
VARIABLE = "LOCALCLOUD_FAULTS"


class FaultStore:
    """The faults of one cloud.

    Args:
        path: the file; it exists only while a fault is enabled.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def faults(self) -> list[Fault]:
        """All enabled faults, oldest first."""
        try:
            return [Fault.from_dict(values) for values in json.loads(self.path.read_text())]
        except FileNotFoundError:
            return []

    def add(self, fault: Fault) -> Fault:
        """Enable a fault."""
        with self._locked():
            self._write([*self.faults(), fault])
        return fault

    def clear(self, identity: str | None = None) -> int:
        """Disable one fault, or all of them; return how many were enabled.

        Raises:
            NotFoundError: the fault is not enabled; its calls may be used up.
        """
        with self._locked():
            faults = self.faults()
            left = [fault for fault in faults if identity is not None and fault.id != identity]
            if identity is not None and len(left) == len(faults):
                raise NotFoundError(f"no fault {identity!r} is enabled", remedy="list them with `cloud fault list`")
            self._write(left)
        return len(faults) - len(left)

    def take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        """The first matching fault, counting one call; None if no fault matches."""
        if not self.path.exists():
            return None  # The common case needs no lock.
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
        # A separate lock file: the faults' file is replaced, and a lock on a replaced file protects nothing.
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
    """Whether a fault with this effect is enabled for a server with one of these names; counts one call.

    Used by the compute driver: ``take_server_fault("rebuild-error", instance.uuid, instance.display_name)``.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return False
    return FaultStore(Path(named)).take(lambda fault: fault.matches_server(effect, *names)) is not None
