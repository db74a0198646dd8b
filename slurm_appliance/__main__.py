"""Runs the command line of this file's checkout from any working directory.

``toolchain/bootstrap.py`` runs it as a script. It adds the checkout's folder to ``sys.path`` instead of ``PYTHONPATH``,
which would affect all child processes, including Ansible's modules.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from slurm_appliance.cli import main

    main()
