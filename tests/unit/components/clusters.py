"""Clusters to record: an example configuration in the example cloud."""

from pathlib import Path
from typing import Any

from components.cluster import Cluster, ClusterArgs
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.preflight import examine
from tests.unit.clouds import cloud
from tests.unit.components.recorder import Recorded, record
from tests.unit.slurm_appliance.config.examples import smallest

#: The description of what is created.
MARK = "Slurm cluster demo, environment test, created by slurm-appliance"
COMPUTE = {"nodes": ["c-[0-1]"], "flavor": "m1.small"}
LOGIN = {"nodes": ["login-0"], "flavor": "m1.small"}


def configured(**changes: Any) -> ClusterConfig:
    """The smallest configuration with a login and two compute nodes, and changes."""
    settings = {"login": {"entry": LOGIN}, "compute": {"general": COMPUTE}, **changes}
    return from_mapping(smallest(**settings), "test", environment="test")


#: The environment's folder; tests have one each.
FOLDER = Path("/nowhere")


def arguments(config: ClusterConfig, facts: CloudFacts | None = None, **more: Any) -> ClusterArgs:
    """What the program makes of a configuration and a cloud."""
    resolved = examine(config, facts or cloud()).ready("test")
    return ClusterArgs(config, resolved, EnvironmentFolder(FOLDER), **more)


def recorded(facts: CloudFacts | None = None, *, preview: bool = False, **changes: Any) -> Recorded:
    """The resources of a cluster."""
    return record(lambda: Cluster("cluster", arguments(configured(**changes), facts)), preview=preview)
