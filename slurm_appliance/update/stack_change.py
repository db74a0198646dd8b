"""A change of a stack file that stays only if it is approved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from slurm_appliance.config.stack_edit import write_stack_file
from slurm_appliance.config.stack_file import text_of


@dataclass
class StackChange:
    """The change of one file.

    Attributes:
        kept: whether it stays.
    """

    kept: bool = field(default=False)

    def keep(self) -> None:
        """Let it stay, whatever comes after."""
        self.kept = True


@contextmanager
def changed(path: Path, text: str) -> Iterator[StackChange]:
    """Write another text into a stack file; put the former text back at the end, unless the change is to stay.

    A file that somebody else has changed meanwhile is left as it is.
    """
    before = text_of(path)
    change = StackChange()
    write_stack_file(path, text)
    try:
        yield change
    finally:
        if not change.kept and text_of(path) == text:
            write_stack_file(path, before)
