"""A rollout's records in one file on the machine that it runs on; safe against a kill at any moment."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.record import NodeRecord, Phase

SCHEMA = 1


class Journal:
    """The records of a cluster's rollouts: those of the last one, until the next starts.

    Args:
        folder: a folder for this cluster only, created if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "rollout.json"
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the journal; the kernel releases it when the process exits.

        Raises:
            RolloutError: another rollout of this cluster is running.
        """
        with (self._folder / "lock").open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RolloutError(
                    "another rollout of this cluster is running",
                    where=str(self._folder),
                    remedy="wait for it, or watch it with slurm-appliance rollout status",
                ) from error
            yield

    def read(self) -> dict[str, NodeRecord]:
        """The records by node name; empty if there was no rollout.

        Raises:
            RolloutError: the file is damaged or has another schema.
        """
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ValueError(f"schema {document['schema']}, not {SCHEMA}")
            return {name: _record(name, each) for name, each in document["records"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise RolloutError(
                f"cannot read the journal: {error}",
                where=str(self._path),
                remedy="remove it: nodes in progress are found again from Slurm's state",
            ) from error

    def write(self, records: Mapping[str, NodeRecord]) -> None:
        """Store all records; they are on disk when this returns."""
        document = {"schema": SCHEMA, "records": {name: asdict(record) for name, record in records.items()}}
        write_whole(self._path, json.dumps(document, indent=1), durable=True)


def _record(name: str, document: dict[str, Any]) -> NodeRecord:
    return NodeRecord(**{**document, "node": name, "phase": Phase(document["phase"])})
