"""The Pulumi program, except for reading the configuration: facts, checks, cluster, outputs."""

from typing import Any

import pulumi

from components.cluster import Cluster, ClusterArgs
from components.key_pair import public_key
from components.sdk_messages import leave_out_debug
from components.secrets import configured_rotations
from components.settled import settled
from slurm_appliance.config import ClusterConfig
from slurm_appliance.engine.recorded_state import recorded_state
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image.wanted import wanted_in
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight import Findings
from slurm_appliance.preflight.run import preflight
from toolchain.paths import REPOSITORY


async def build(config: ClusterConfig) -> dict[str, Any]:
    """Build the cluster of a configuration in the stack's cloud; return the stack's outputs.

    Raises:
        pulumi.RunError: a check fails; reports all problems before the first change.
    """
    leave_out_debug()
    source = f"stack {pulumi.get_stack()}"
    try:
        cloud = pulumi.Config("openstack").get("cloud")
        findings = preflight(config, cloud, lambda: recorded_state(pulumi.get_project(), pulumi.get_stack()))
        args = _args(config, cloud, findings, source)
    except ApplianceError as error:
        raise pulumi.RunError(str(error)) from error
    for note in findings.notes:
        pulumi.log.warn(str(note))
    cluster = Cluster("cluster", args)
    await settled(cluster.resources())
    return cluster.outputs


def _args(config: ClusterConfig, cloud: str | None, findings: Findings, source: str) -> ClusterArgs:
    resolved = findings.ready(source)
    sources = {str(group.image): group.image for group in groups(config)}
    return ClusterArgs(
        config=config,
        resolved=resolved,
        images={name: resolved.images[name] for name, image in sources.items() if image.build is None},
        folder=EnvironmentFolder.of(pulumi.get_stack()),
        public_key=public_key(config, REPOSITORY),
        rotations=configured_rotations(),
        builds=wanted_in(cloud, config, list(sources.values())),
    )
