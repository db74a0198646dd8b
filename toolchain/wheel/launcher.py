"""The installed product. Its files are in this folder, laid out as in the checkout; `main` starts its command line."""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the command line with the files of this folder, whatever else is installed beside it."""
    product = Path(__file__).resolve().parent
    sys.path.insert(0, str(product))
    from toolchain.active import use_environment

    use_environment(Path(sys.prefix))
    runpy.run_path(str(product / "slurm_appliance/__main__.py"), run_name="__main__")
