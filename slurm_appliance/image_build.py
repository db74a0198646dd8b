"""See ``slurm_appliance.image.build_process``. The name of this module is in stacks' states and must not change."""

import sys

from slurm_appliance.deploy_host.process import run_reporting_errors
from slurm_appliance.image.build_process import main
from slurm_appliance.site_repository.current import STACKS

if __name__ == "__main__":
    sys.exit(run_reporting_errors(lambda: main(STACKS), "slurm-appliance: image build"))
