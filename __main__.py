"""The Pulumi program: loads the configuration of the stack and exports what the cluster is called."""

import pulumi

from components.settings import settings_or_end
from slurm_appliance.config import all_nodes

config = settings_or_end()

pulumi.export("cluster_name", config.cluster_name)
pulumi.export("nodes", {node.hostname: node.fqdn for node in all_nodes(config)})
