"""Each node's current image, target image, and the effect of the change on the node.

Pure: from configuration, facts and the engine's planned steps to one row per node with its reason. The engine says
"update" for a rebuild, which erases the root disk, and nothing at all for nodes that Slurm will rebuild.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.config import ClusterConfig, Node
from slurm_appliance.engine.steps import SERVER, Step, of_type
from slurm_appliance.nodes.groups import Group, groups
from slurm_appliance.preflight.servers import UNREADABLE

#: The name of a node's image that no image list contains.
GONE = "missing"


class NodeAction(StrEnum):
    """What happens to a node, from least to most disruptive."""

    NONE = "-"
    CREATE = "create"
    REIMAGE_BY_SLURM = "next reboot"
    RESIZE = "RESIZE"
    REBUILD_NOW = "REBUILD NOW"
    REPLACE = "REPLACE"
    DELETE = "DELETE"
    BLOCKED = "BLOCKED"

    @property
    def disruptive(self) -> bool:
        """Whether it disrupts the node's users."""
        return self in (
            NodeAction.RESIZE,
            NodeAction.REBUILD_NOW,
            NodeAction.REPLACE,
            NodeAction.DELETE,
            NodeAction.BLOCKED,
        )


@dataclass(frozen=True)
class NodeImage:
    """One node's row.

    Attributes:
        group: its node group.
        node: its host name.
        current: its current image, as a name and a short ID; empty without a server.
        target: its target image.
        action: what happens to it.
        disruption: the effect on its users; empty for none.
        why: the reason.
    """

    group: str
    node: str
    current: str
    target: str
    action: NodeAction
    disruption: str
    why: str


_DISRUPTION = {
    NodeAction.RESIZE: "restarted",
    NodeAction.REBUILD_NOW: "root disk erased, users see an outage",
    NodeAction.REPLACE: "deleted and created again, its own disks are lost",
    NodeAction.DELETE: "gone",
    NodeAction.BLOCKED: "the run would fail here",
}


def image_plan(
    config: ClusterConfig, facts: CloudFacts, targets: Mapping[str, str | None], steps: Iterable[Step] = ()
) -> list[NodeImage]:
    """The rows of all nodes, the most disruptive first, otherwise in the configuration's order.

    Args:
        config: the configuration.
        facts: the cloud.
        targets: the image ID of each image source in the configuration; None if it has to be built.
        steps: the engine's plan; without it, only images are looked at.
    """
    names = {image.id: image.name for image in facts.images}
    by_name = {server.name: server for server in facts.servers}
    planned = of_type(steps, SERVER)
    rows = []
    for group in groups(config):
        target = targets.get(str(group.image))
        shown = _shown(target, names) if target else f"{group.image}, to be built"
        for node in group.nodes:
            server, step = by_name.get(node.hostname), planned.pop(node.hostname, None)
            action, why = _decide(group, server, target, step)
            current = _shown(server.image_id, names) if server else ""
            rows.append(_row(group.name, node, current, shown, action, why))
    for name, step in planned.items():
        current = _shown(by_name[name].image_id, names) if name in by_name else ""
        action, why = NodeAction.DELETE, "no longer in the configuration"
        rows.append(NodeImage(step.group, name, current, "", action, _DISRUPTION[action], why))
    order = list(NodeAction)
    return sorted(rows, key=lambda row: -order.index(row.action) if row.action.disruptive else 0)


def _row(group: str, node: Node, current: str, target: str, action: NodeAction, why: str) -> NodeImage:
    return NodeImage(group, node.hostname, current, target, action, _DISRUPTION.get(action, ""), why)


def _decide(group: Group, server: ServerFacts | None, target: str | None, step: Step | None) -> tuple[NodeAction, str]:
    if step is not None and step.op == "replace":
        return NodeAction.REPLACE, f"{', '.join(step.replacing or step.changed)} changed"
    if step is not None and step.op == "delete":
        return NodeAction.DELETE, "removed from the configuration"
    if server is None:
        return NodeAction.CREATE, "new"
    if server.failed:
        return NodeAction.CREATE, "Nova could not create it: will be created again"
    if step is not None and step.op == "update" and server.status in UNREADABLE:
        return NodeAction.BLOCKED, f"is in state {server.status}: wait until it is ACTIVE"
    if step is not None and "flavorId" in step.changed:
        return NodeAction.RESIZE, f"flavor {group.flavor[0]}"
    if server.image_id == target:
        return NodeAction.NONE, ""
    if group.ignores_images:
        return NodeAction.REIMAGE_BY_SLURM, "ignore_image_changes: srun --reboot, or rollout"
    if group.volume_backed:
        return NodeAction.REPLACE, "new image, and it boots from a volume"
    return NodeAction.REBUILD_NOW, "new image"


def _shown(image_id: str, names: Mapping[str, str]) -> str:
    return f"{names.get(image_id) or GONE} ({image_id[:8]})" if image_id else "unknown"


def summary(rows: Iterable[NodeImage]) -> str:
    """One line: ``Images: 242 nodes · 239 up to date · 2 at their next reboot · 1 REBUILD NOW``."""
    counts: dict[NodeAction, int] = {}
    for row in rows:
        counts[row.action] = counts.get(row.action, 0) + 1
    words = {
        NodeAction.NONE: "up to date",
        NodeAction.CREATE: "new",
        NodeAction.REIMAGE_BY_SLURM: "at their next reboot by Slurm",
    }
    parts = [f"{sum(counts.values())} nodes"]
    parts += [f"{counts[action]} {words.get(action, action.value)}" for action in NodeAction if action in counts]
    return f"Images: {' · '.join(parts)}"


def folded(rows: Iterable[NodeImage]) -> list[NodeImage]:
    """Rows that differ only in the node merged into one, with a host list."""
    from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet

    together: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        key = (row.group, row.current, row.target, row.action.value, row.disruption, row.why)
        together.setdefault(key, []).append(row.node)
    return [
        NodeImage(
            group,
            str(NodeSet.fromlist(nodes, resolver=RESOLVER_NOGROUP)),
            current,
            target,
            NodeAction(action),
            noticed,
            why,
        )
        for (group, current, target, action, noticed, why), nodes in together.items()
    ]
