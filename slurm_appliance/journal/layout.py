"""The paths of Pulumi's file backend for one stack; our journal is next to its state."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.journal.errors import JournalError

#: The file backend has only one organization.
ORGANIZATION = "organization"


@dataclass(frozen=True)
class StateLayout:
    """The files of a stack.

    Attributes:
        root: the backend's folder: the part after ``file://``.
        project: the project's name.
        stack: the stack's name.
    """

    root: Path
    project: str
    stack: str

    @property
    def state(self) -> Path:
        """The state file. It may be compressed; the newest file counts."""
        plain = self._folder("stacks") / f"{self.stack}.json"
        packed = plain.with_suffix(".json.gz")
        return packed if packed.exists() else plain

    @property
    def journal(self) -> Path:
        """The journal of changes since the state was written."""
        return self._folder("journals") / f"{self.stack}.jsonl"

    @property
    def locks(self) -> Path:
        """The folder with the stack's locks."""
        return self.root / ".pulumi" / "locks" / ORGANIZATION / self.project / self.stack

    @property
    def qualified_name(self) -> str:
        """The stack's name in the state."""
        return f"{ORGANIZATION}/{self.project}/{self.stack}"

    def _folder(self, kind: str) -> Path:
        return self.root / ".pulumi" / kind / self.project

    def read(self) -> dict[str, Any]:
        """The state: version, features, checkpoint.

        Raises:
            JournalError: the stack does not exist, or its state cannot be read.
        """
        path = self.state
        try:
            raw = path.read_bytes()
            state = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        except FileNotFoundError as error:
            raise JournalError(
                f"the stack {self.stack} does not exist", where=str(path), remedy="create it first"
            ) from error
        except (OSError, ValueError) as error:
            remedy = "see the copies in .pulumi/backups"
            raise JournalError(f"cannot read the state: {error}", where=str(path), remedy=remedy) from error
        if not isinstance(state, dict) or state.get("version") not in (3, 4) or "checkpoint" not in state:
            raise JournalError("the state has an unknown format", where=str(path), remedy="use a newer slurm-appliance")
        return state

    def write(self, state: dict[str, Any]) -> None:
        """Replace the state atomically; keep the former one as a copy, as Pulumi does.

        Raises:
            JournalError: it cannot be written; the state is unchanged.
        """
        path = self.state
        raw = json.dumps(state, separators=(",", ":")).encode()
        try:
            if path.exists():
                write_whole(path.with_name(f"{path.name}.bak"), path.read_bytes(), durable=True)
            write_whole(path, gzip.compress(raw, 1) if path.suffix == ".gz" else raw, durable=True)
        except OSError as error:
            raise JournalError(
                f"cannot write the state: {error.strerror or error}",
                where=str(path),
                remedy="fix that (for a full disk, free space), then run the command again: the state is the one from "
                "before, and the journal next to it has all later changes",
            ) from error
