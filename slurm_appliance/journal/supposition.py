"""An assumed state: previews use it, and nothing is ever written to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slurm_appliance.journal.backend import serving
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper, Update
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.replay import formatted


class Supposition(Keeper):
    """A state that is in no backend.

    Args:
        layout: the paths of its stack.
        deployment: the assumed resources.
    """

    def __init__(self, layout: StackPlace, deployment: dict[str, Any]) -> None:
        super().__init__(layout)
        self._deployment = deployment

    def export(self) -> dict[str, Any]:
        """The assumed state."""
        return formatted(self._deployment) | {"deployment": self._deployment}

    def start(self, update: Update, engine: str) -> None:
        """Start a preview.

        Raises:
            JournalError: it is another kind of update.
        """
        if update.kind != "preview":
            raise JournalError(f"the assumed state of a preview cannot be changed by {update.kind}")
        super().start(update, engine)


@contextmanager
def supposed(layout: StackPlace, deployment: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Serve an assumed state; yields the engine's variables. Needs no lock, because no state is changed."""
    with serving(Supposition(layout, deployment)) as variables:
        yield variables
