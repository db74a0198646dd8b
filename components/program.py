"""The Pulumi program, except for reading the configuration: facts, checks, cluster, outputs."""

from typing import Any

import pulumi

from components.cluster import Cluster, ClusterArgs
from components.image_plan import show_image_plan
from components.key_pair import public_key
from components.sdk_messages import leave_out_debug
from components.secrets import configured_rotations
from components.settled import settled
from slurm_appliance.config import ClusterConfig
from slurm_appliance.engine.recorded_state import recorded_state
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.preflight import Findings
from slurm_appliance.preflight.run import facts_for, handed_over, preflight
from slurm_appliance.site_layer.layers import SiteLayer, site_layer
from slurm_appliance.site_repository.current import BASE, STACKS
from slurm_appliance.site_repository.version import version_note


async def build(config: ClusterConfig) -> dict[str, Any]:
    """Build the cluster of a configuration in the stack's cloud; return the stack's outputs.

    Raises:
        pulumi.RunError: a check fails; reports all problems before the first change.
    """
    leave_out_debug()
    source = f"stack {pulumi.get_stack()}"
    try:
        version_note(BASE)
        cloud = pulumi.Config("openstack").get("cloud")
        facts = facts_for(config, cloud)
        layer = site_layer(STACKS, pulumi.get_stack())
        findings = preflight(
            config,
            facts,
            lambda: recorded_state(pulumi.get_project(), pulumi.get_stack()),
            layer.image if layer else None,
        )
        args = _args(config, findings, source, layer)
        if layer is not None and not handed_over():
            # A command of ours has done this.
            layer.check_node_collections()
    except ApplianceError as error:
        raise pulumi.RunError(str(error)) from error
    for note in findings.notes:
        pulumi.log.warn(str(note))
    if not handed_over():
        # A command of ours shows the plan itself, and has refused what is not allowed.
        show_image_plan(config, facts, args.resolved)
    cluster = Cluster("cluster", args)
    await settled(cluster.resources())
    return cluster.outputs


def _args(config: ClusterConfig, findings: Findings, source: str, layer: SiteLayer | None) -> ClusterArgs:
    return ClusterArgs(
        config=config,
        resolved=findings.ready(source),
        folder=EnvironmentFolder.of(pulumi.get_stack()),
        public_key=public_key(config, BASE),
        rotations=configured_rotations(),
        layer_digest=layer.digest if layer else None,
    )
