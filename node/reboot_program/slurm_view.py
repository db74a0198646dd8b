"""Slurm's view of one node, asked again when it is old: what follows from it may end jobs."""

from __future__ import annotations

import time
from collections.abc import Callable

from .slurm import Slurm
from .slurm_state import SlurmNode

#: Age in seconds up to which a view is used. A queue of slow calls to OpenStack may make it minutes old.
FRESH = 5.0


class SlurmView:
    """The view of a node.

    Args:
        slurm: the cluster's slurmctld.
        name: the node's name.
        view: what it said just now, for all nodes at once; None if it does not know the node.
        clock: as time.monotonic.
    """

    def __init__(
        self, slurm: Slurm, name: str, view: SlurmNode | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._slurm = slurm
        self._name = name
        self._view = view
        self._clock = clock
        self._asked = clock()

    def now(self) -> SlurmNode | None:
        """The view, a few seconds old at most; None if Slurm does not know the node.

        Raises:
            SlurmError: slurmctld cannot be queried.
        """
        if self._clock() - self._asked > FRESH:
            asked = self._clock()
            self._view = self._slurm.nodes([self._name]).get(self._name)
            self._asked = asked
        return self._view
