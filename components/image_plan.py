"""Plain ``pulumi preview`` and ``pulumi up``: what happens to each node, as a message of the program.

The engine shows a rebuild as ``~imageId``, and nothing at all for nodes that Slurm is to re-image.
"""

import pulumi

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.deployment.image_plan import image_plan, text_lines
from slurm_appliance.preflight import Resolved


def show_image_plan(config: ClusterConfig, facts: CloudFacts, resolved: Resolved) -> None:
    """Log the plan; refuse an update that would disturb nodes of a protected environment.

    Only what an image does is known here. What else replaces a server, the engine finds out later.

    Raises:
        pulumi.RunError: the environment is protected.
    """
    rows = image_plan(config, facts, resolved.images)
    pulumi.log.info("\n".join(text_lines(rows)))
    disturbed = [row.node for row in rows if row.action.disruptive]
    if not config.protected or not disturbed:
        return
    stack = pulumi.get_stack()
    what = f"{stack} is protected, and this would disturb {len(disturbed)} nodes: {', '.join(disturbed[:5])}"
    remedy = f"./slurm-appliance up --stack {stack} --allow-disruptive"
    if pulumi.runtime.is_dry_run():
        pulumi.log.warn(f"{what}; an update will be refused: use {remedy}")
        return
    raise pulumi.RunError(f"{what}; nothing was changed\n  → if it is meant: {remedy}")
