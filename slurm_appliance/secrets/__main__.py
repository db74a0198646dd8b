"""``python -m slurm_appliance.secrets``: see ``generate``."""

import sys

from slurm_appliance.secrets.generate import main

sys.exit(main(sys.argv[1:]))
