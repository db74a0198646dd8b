"""See ``slurm_appliance.ssh.console_keys``. Stacks have the name of this module in their state: it stays."""

import sys

from slurm_appliance.deploy_host.process import in_sentences
from slurm_appliance.ssh.console_keys import main

if __name__ == "__main__":
    sys.exit(in_sentences(main))
