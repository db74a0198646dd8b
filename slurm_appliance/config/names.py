"""What the cluster and its nodes are called."""

from typing import Annotated

from pydantic import Field

from slurm_appliance.config.policy import LIVE, REPLACE
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import ClusterName, DomainSuffix, EnvironmentName, Flag, NodeNameTemplate


class Names(Section):
    """Names."""

    cluster_name: Annotated[ClusterName, REPLACE] = Field(
        description="Name of the cluster: prefix of everything that it owns in OpenStack, part of its domain, "
        "ClusterName in Slurm.",
        examples=["demo"],
    )
    cluster_domain_suffix: Annotated[DomainSuffix, REPLACE] = Field(
        "internal", description="Last part of the nodes' domain."
    )
    cluster_nodename_template: Annotated[NodeNameTemplate, REPLACE] = Field(
        "${cluster_name}-${node}.${cluster_name}.${cluster_domain_suffix}",
        description="Fully qualified name of a node. The server is called by its first label. May refer to node, "
        "cluster_name, cluster_domain_suffix and environment_name.",
    )
    environment_name: Annotated[EnvironmentName | None, REPLACE] = Field(
        None, description="Name of this environment. Not set: the name of the stack.", examples=["production"]
    )
    protected: Annotated[Flag, LIVE] = Field(
        False, description="Refuse changes that disturb nodes or delete anything, unless the command line allows them."
    )
