"""``python3 -m node.slurm_metrics FILE``: writes the file atomically for the node exporter."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from node.slurm_metrics.metrics import SINFO, SQUEUE, Labels, job_metrics, node_metrics, render

#: Timeout of a Slurm call in seconds.
_LIMIT = 30


def collect() -> dict[tuple[str, Labels], float]:
    """All metrics; without the controller, only that it is not up."""
    try:
        said = [
            subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=True).stdout
            for command in (SINFO, SQUEUE)
        ]
    except (OSError, subprocess.SubprocessError) as error:
        print(f"slurm-metrics: {error}", file=sys.stderr)
        return {("slurm_up", ()): 0.0}
    return {("slurm_up", ()): 1.0, **node_metrics(said[0]), **job_metrics(said[1])}


def main() -> int:
    """Collect and write."""
    path = Path(sys.argv[1])
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(render(collect()))
    Path(fresh).replace(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
