"""Logs of runs in an environment's folder: one file a run, the newest kept."""

import os
from datetime import UTC, datetime
from pathlib import Path

#: Logs of one kind that are kept, and builds whose folders are.
KEPT_RUNS = 20


def new_run_log(folder: Path, name: str) -> Path:
    """Create an empty log that only its owner can read, and delete the oldest ones of its kind.

    Args:
        folder: where the logs are; made if it is missing.
        name: of the operation or playbook; the log's name has the time in UTC as well, and sorts by it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in sorted(folder.glob(f"{name}-*.log"))[: -KEPT_RUNS + 1]:
        old.unlink()
    path = folder / f"{name}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
    path.touch(mode=0o600)
    return path
