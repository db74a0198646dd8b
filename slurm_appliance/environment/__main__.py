"""``python -m slurm_appliance.environment``: see ``folder``."""

import sys

from slurm_appliance.environment.folder import main

sys.exit(main())
