"""``python3 -m node.compute_init``: started by compute-init.service; output goes to the journal.

``--all`` runs all roles, even if nothing changed since they succeeded in this boot.
"""

import argparse
import sys

from node.compute_init.run import main
from node.compute_init.settings import ComputeInitSettings


def _log(text: str) -> None:
    print(f"compute-init: {text}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="compute-init", description="Set up this compute node and rejoin Slurm.")
    parser.add_argument("--all", action="store_true", help="run all roles, even if nothing has changed")
    sys.exit(main(ComputeInitSettings(force=parser.parse_args().all), _log))
