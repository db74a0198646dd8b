"""``python -m slurm_appliance.environment``: see ``folder``."""

import sys

from slurm_appliance.environment.folder import main

if __name__ == "__main__":
    sys.exit(main())
