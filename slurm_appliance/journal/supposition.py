"""A state that might be: previews run on it, nothing is ever written to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slurm_appliance.journal.backend import serving
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper, Update
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.replay import formatted


class Supposition(Keeper):
    """A state that no backend has.

    Args:
        layout: of the stack that it is supposed of.
        deployment: the resources that are supposed.
    """

    def __init__(self, layout: StateLayout, deployment: dict[str, Any]) -> None:
        super().__init__(layout)
        self._deployment = deployment

    def export(self) -> dict[str, Any]:
        """The supposed state."""
        return formatted(self._deployment) | {"deployment": self._deployment}

    def start(self, update: Update, engine: str) -> None:
        """Let a preview begin.

        Raises:
            JournalError: it is none.
        """
        if update.kind != "preview":
            raise JournalError(f"the assumed state of a preview cannot be changed by {update.kind}")
        super().start(update, engine)


@contextmanager
def supposed(layout: StateLayout, deployment: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Serve a supposed state; yields what makes the engine use it. No lock is needed: nobody's state is touched."""
    with serving(Supposition(layout, deployment)) as variables:
        yield variables
