"""Runs an operation in a process of its own, to be killed.

Arguments: the test's folder, the stack, its settings, and ``adopt`` for another operation than ``up``.
"""

import json
import sys
from pathlib import Path

from slurm_appliance.deployment.adoption import adopt
from slurm_appliance.errors import ApplianceError
from tests.engine.cluster.rig import Rig

if __name__ == "__main__":
    rig = Rig(Path(sys.argv[1]), sys.argv[2])
    rig.settings, rig.alone = json.loads(sys.argv[3]), True
    try:
        if sys.argv[4:] == ["adopt"]:
            adopt(rig.session(), lambda _plan: True)
        else:
            rig.up()
    except ApplianceError as error:
        print(error)
        sys.exit(error.exit_status)
