"""``python3 -m node.slurm_metrics FILE``: writes the file atomically for the node exporter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from node.slurm_metrics.metrics import SINFO, SQUEUE, Labels, job_metrics, node_metrics, render
from node.slurm_metrics.whole_file import write_whole

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
    write_whole(Path(sys.argv[1]), render(collect()), mode=0o644)
    return 0


if __name__ == "__main__":
    sys.exit(main())
