"""See ``slurm_appliance.ssh.console_keys``. The name of this module is in stacks' states and must not change."""

import sys

from slurm_appliance.deploy_host.process import run_reporting_errors
from slurm_appliance.ssh.console_keys import main

if __name__ == "__main__":
    sys.exit(run_reporting_errors(main))
