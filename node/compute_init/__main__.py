"""``python3 -m node.compute_init``: started by compute-init.service; output goes to the journal."""

import sys

from node.compute_init.run import ComputeInitSettings, main


def _log(text: str) -> None:
    print(f"compute-init: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(ComputeInitSettings(), _log))
