"""The files of Pulumi's own backends for one stack; our journal is next to its state."""

import gzip
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.shared_folder import share, shared_modes
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.log import Log
from slurm_appliance.journal.object_log import ObjectLog
from slurm_appliance.journal.store import FolderStore, Store

#: These backends have only one organization.
ORGANIZATION = "organization"


class StackPlace:
    """The files of a stack in a store.

    Attributes:
        store: the store.
        project: the project's name.
        stack: the stack's name.
    """

    def __init__(self, store: Store, project: str, stack: str) -> None:
        self.store = store
        self.project = project
        self.stack = stack
        self._found = ""

    #: What is locked, for messages.
    noun = "the stack"

    @property
    def state_key(self) -> str:
        """The state's key. It may be compressed; the newest file counts."""
        plain = f"{self._folder('stacks')}/{self.stack}.json"
        packed = f"{plain}.gz"
        return packed if self.store.has(packed) else plain

    @property
    def locks_folder(self) -> str:
        """The folder with the stack's locks."""
        return f".pulumi/locks/{self.qualified_name}"

    @property
    def qualified_name(self) -> str:
        """The stack's name in the state."""
        return f"{ORGANIZATION}/{self.project}/{self.stack}"

    def log(self) -> Log | ObjectLog:
        """The journal of changes since the state was written."""
        return ObjectLog(self.store, f"{self._folder('journals')}/{self.stack}")

    def exists(self) -> bool:
        """Whether the stack exists."""
        return self.store.has(self.state_key)

    def read(self) -> dict[str, Any]:
        """The state: version, features, checkpoint.

        Raises:
            JournalError: the stack does not exist, or its state cannot be read.
        """
        state = self.find()
        if state is None:
            where = self.store.where(self.state_key)
            raise JournalError(f"the stack {self.stack} does not exist", where=where, remedy="create it first")
        return state

    def find(self) -> dict[str, Any] | None:
        """The state; None if the stack does not exist.

        Raises:
            JournalError: it cannot be read.
        """
        key, raw = self._state()
        where = self.store.where(key)
        if raw is None:
            return None
        try:
            state = json.loads(gzip.decompress(raw) if key.endswith(".gz") else raw)
        except (OSError, ValueError) as error:
            remedy = "see the copies in .pulumi/backups and .pulumi/history"
            raise JournalError(f"cannot read the state: {error}", where=where, remedy=remedy) from error
        if not isinstance(state, dict) or state.get("version") not in (3, 4) or "checkpoint" not in state:
            raise JournalError("the state has an unknown format", where=where, remedy="use a newer slurm-appliance")
        return state

    def _state(self) -> tuple[str, bytes | None]:
        """The state's key and content. Where it was found before, it is looked for first: that is one request."""
        raw = self.store.read(self._found) if self._found else None
        if raw is None:
            key = self.state_key
            raw = self.store.read(key)
            self._found = "" if raw is None else key
            return key, raw
        return self._found, raw

    def write(self, state: dict[str, Any]) -> None:
        """Replace the state atomically; keep the former one as a copy, as Pulumi does.

        Raises:
            JournalError: it cannot be written; the state is unchanged.
        """
        key = self._found or self.state_key
        raw = json.dumps(state, separators=(",", ":")).encode()
        self.store.keep_copy(key, f"{key}.bak")
        self.store.write(key, gzip.compress(raw, 1) if key.endswith(".gz") else raw)

    def record(self, update: Mapping[str, Any]) -> None:
        """Add an update to the stack's history, with a copy of the state, as Pulumi does.

        Raises:
            JournalError: it cannot be written.
        """
        name = f"{self._folder('history')}/{self.stack}/{self.stack}-{time.time_ns()}"
        key = self._found or self.state_key
        packed = ".gz" if key.endswith(".gz") else ""
        self.store.keep_copy(key, f"{name}.checkpoint.json{packed}")
        self.store.write(f"{name}.history.json", json.dumps(update, indent=4).encode())

    def history(self, last: int) -> list[dict[str, Any]]:
        """The last updates of the stack, the newest first.

        Raises:
            JournalError: they cannot be read.
        """
        folder = f"{self._folder('history')}/{self.stack}"
        keys = [
            f"{folder}/{name}"
            for name in self.store.names(folder)
            if name.endswith((".history.json", ".history.json.gz"))
        ][-last:]
        updates = []
        for key, raw in zip(keys, self.store.read_all(keys), strict=True):
            try:
                updates.append(json.loads(gzip.decompress(raw) if key.endswith(".gz") else raw))
            except (OSError, ValueError) as error:
                remedy = "remove this file: nothing else depends on it"
                raise JournalError(
                    f"cannot read the history: {error}", where=self.store.where(key), remedy=remedy
                ) from error
        return updates[::-1]

    def _folder(self, kind: str) -> str:
        return f".pulumi/{kind}/{self.project}"


class StateLayout(StackPlace):
    """The files of a stack in a folder.

    Attributes:
        root: the backend's folder: the part after ``file://``.
    """

    def __init__(self, root: Path, project: str, stack: str) -> None:
        super().__init__(FolderStore(root), project, stack)
        self.root = root

    @property
    def state(self) -> Path:
        """The state file."""
        return self.root / self.state_key

    @property
    def journal(self) -> Path:
        """The journal, one file."""
        return self.root / f"{self._folder('journals')}/{self.stack}.jsonl"

    @property
    def locks(self) -> Path:
        """The folder with the stack's locks."""
        return self.root / self.locks_folder

    def log(self) -> Log:
        """See `StackPlace`."""
        return Log(self.journal, shared_modes(self.root))

    def share(self) -> None:
        """Let the group of a shared folder use what this user's Pulumi wrote there, which it keeps private."""
        share(self.root / ".pulumi", shared_modes(self.root))
