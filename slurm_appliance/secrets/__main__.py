"""``python -m slurm_appliance.secrets``: see ``generate``."""

import sys

from slurm_appliance.secrets.generate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
