"""Run the command line of the checkout that this file lies in, from any working directory.

``toolchain/bootstrap.py`` starts it as a script. The checkout's folder is put into ``sys.path`` here and not into
``PYTHONPATH``, which would reach every child process, Ansible's modules included.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from slurm_appliance.cli import main

    main()
