"""See ``slurm_appliance.ssh.console_keys``. Stacks have the name of this module in their state: it stays."""

import sys

from slurm_appliance.deploy_host.process import run_reporting_errors
from slurm_appliance.ssh.console_keys import main

if __name__ == "__main__":
    sys.exit(run_reporting_errors(main))
