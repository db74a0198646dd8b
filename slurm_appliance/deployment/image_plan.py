"""Each node's current image, target image, and the effect of the change on the node.

Pure: from configuration, facts and the engine's planned steps to one row per node with its reason. The engine says
"update" for a rebuild, which erases the root disk, and nothing at all for nodes that Slurm will rebuild.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.hostlist import fold
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.image_users import OnImageChange
from slurm_appliance.engine.steps import SERVER, Step, of_type
from slurm_appliance.nodes.groups import Group, groups
from slurm_appliance.preflight.servers import UNREADABLE

#: The name of a node's image that no image list contains.
GONE = "missing"


@dataclass(frozen=True)
class ImageReference:
    """The image that a node runs, or is to run.

    Attributes:
        id: its id; empty where it is not known, or is still to be built.
        name: its name; empty where no list of images has it.
        build: the build that is to make it; empty where it exists.
    """

    id: str = ""
    name: str = ""
    build: str = ""

    def __str__(self) -> str:
        if self.build:
            return f"build {self.build}, to be built"
        return f"{self.name or GONE} ({self.id[:8]})" if self.id else "unknown"


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
        current: the image that it runs; None where there is no server.
        target: the image that it is to run; None where the node is to be deleted.
        action: what happens to it.
        disruption: the effect on its users; empty for none.
        why: the reason.
    """

    group: str
    node: str
    current: ImageReference | None
    target: ImageReference | None
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
#: Of compute nodes: nothing waits for their jobs.
_DISRUPTION_OF_COMPUTE = _DISRUPTION | {
    NodeAction.RESIZE: "restarted, its jobs are lost",
    NodeAction.REBUILD_NOW: "root disk erased, its jobs are lost",
    NodeAction.REPLACE: "deleted and created again, its own disks and jobs are lost",
}


_ON_IMAGE_CHANGE = {
    OnImageChange.LEAVE_TO_SLURM: (NodeAction.REIMAGE_BY_SLURM, "ignore_image_changes: srun --reboot, or rollout"),
    OnImageChange.REPLACE: (NodeAction.REPLACE, "new image, and it boots from a volume"),
    OnImageChange.REBUILD: (NodeAction.REBUILD_NOW, "new image"),
}


def image_plan(
    config: ClusterConfig, facts: CloudFacts, targets: Mapping[ImageSource, str | None], steps: Iterable[Step] = ()
) -> list[NodeImage]:
    """The rows of all nodes, the most disruptive first, otherwise in the configuration's order.

    Args:
        config: the configuration.
        facts: the cloud.
        targets: the id of each image source's image; None where it has to be built.
        steps: the engine's plan; without it, only images are looked at.
    """
    names = {image.id: image.name for image in facts.images}
    by_name = {server.name: server for server in facts.servers}
    planned = of_type(steps, SERVER)
    rows = []
    for group in groups(config):
        target = targets.get(group.image)
        disruption = _DISRUPTION_OF_COMPUTE if group.kind is NodeKind.COMPUTE else _DISRUPTION
        reference = _target(group.image, target, names)
        for node in group.nodes:
            server, step = by_name.get(node.hostname), planned.pop(node.hostname, None)
            action, why = _decide(group, server, target, step)
            current = _reference(server.image_id, names) if server else None
            rows.append(
                NodeImage(group.name, node.hostname, current, reference, action, disruption.get(action, ""), why)
            )
    for name, step in planned.items():
        gone = _reference(by_name[name].image_id, names) if name in by_name else None
        action, why = NodeAction.DELETE, "no longer in the configuration"
        rows.append(NodeImage(step.group, name, gone, None, action, _DISRUPTION[action], why))
    order = list(NodeAction)
    return sorted(rows, key=lambda row: -order.index(row.action) if row.action.disruptive else 0)


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
    return _ON_IMAGE_CHANGE[group.on_image_change]


def _reference(image_id: str, names: Mapping[str, str]) -> ImageReference:
    return ImageReference(image_id, names.get(image_id, ""))


def _target(source: ImageSource, image_id: str | None, names: Mapping[str, str]) -> ImageReference:
    if image_id:
        return _reference(image_id, names)
    return ImageReference(name=source.name or "", build=source.build or str(source))


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
    """Rows that differ in nothing but the node put together, their nodes as a host list."""
    together: dict[NodeImage, list[str]] = {}
    for row in rows:
        together.setdefault(replace(row, node=""), []).append(row.node)
    return [replace(row, node=fold(nodes)) for row, nodes in together.items()]


def text_lines(rows: Iterable[NodeImage]) -> list[str]:
    """The summary, and a line for each kind of node that something happens to: for where there is no table."""
    every = list(rows)
    acted = folded(row for row in every if row.action is not NodeAction.NONE)
    return [
        summary(every),
        *(
            f"{row.node}: {row.current or 'no server'} → {row.target or 'nothing'}: {row.action.value}"
            + (f", {row.disruption}" if row.disruption else "")
            + f" ({row.why})"
            for row in acted
        ),
    ]
