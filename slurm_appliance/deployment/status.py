"""The state of a cluster: its nodes, its volumes, and whether an operation is running or was interrupted."""

from collections.abc import Iterator
from dataclasses import dataclass

from node.slurm_files.plan import version_of
from node.slurm_files.release import upstream
from slurm_appliance.config.hostlist import fold
from slurm_appliance.deployment.image_plan import NodeAction, image_plan
from slurm_appliance.deployment.keeping import kept_resources
from slurm_appliance.deployment.plan import drift_of, findings_of
from slurm_appliance.deployment.session import Session
from slurm_appliance.errors import ExitStatus
from slurm_appliance.journal.lock import holders

_MISSING = "missing"


@dataclass(frozen=True)
class NodeState:
    """One node.

    Attributes:
        group: its node group.
        node: its host name.
        state: Nova's status.
        current: its current image.
        target: its target image.
        next: what brings it there.
        slurm: Slurm's version in its current image; empty if the image has no record.
        selinux: how SELinux starts in its current image; empty if the image has none.
    """

    group: str
    node: str
    state: str
    current: str
    target: str
    next: str
    slurm: str = ""
    selinux: str = ""


@dataclass(frozen=True)
class Status:
    """The cluster.

    Attributes:
        stack: its stack.
        nodes: one per node.
        under_way: who is running an operation on it.
        interrupted: who ran the last operation, if it was killed.
        volumes: volumes and shares kept when it is deleted.
        problems: why the next ``up`` would refuse.
        drift: changes made outside Pulumi.
    """

    stack: str
    nodes: tuple[NodeState, ...]
    under_way: tuple[str, ...]
    interrupted: tuple[str, ...]
    volumes: tuple[str, ...]
    problems: tuple[str, ...]
    drift: tuple[str, ...] = ()

    @property
    def slurm(self) -> dict[str, list[str]]:
        """Nodes by Slurm's version in their current images, as far as it is known; the newest version first."""
        found: dict[str, list[str]] = {}
        for node in sorted(self.nodes, key=lambda node: version_of(node.slurm), reverse=True):
            if node.slurm:
                found.setdefault(node.slurm, []).append(node.node)
        return found

    @property
    def selinux(self) -> dict[str, list[str]]:
        """Nodes by how SELinux starts in their current images, where these have it."""
        found: dict[str, list[str]] = {}
        for node in self.nodes:
            if node.selinux:
                found.setdefault(node.selinux, []).append(node.node)
        return found

    @property
    def well(self) -> bool:
        """Whether all nodes exist and run, and there are no problems."""
        running = all(node.state == "ACTIVE" for node in self.nodes)
        return running and not (self.under_way or self.interrupted or self.problems or self.drift)

    @property
    def exit_status(self) -> ExitStatus:
        """OK where all is well; DRIFT where nothing stands in the way of an ``up`` that mends it; else ERROR."""
        if self.well:
            return ExitStatus.OK
        if self.drift and not (self.under_way or self.interrupted or self.problems):
            return ExitStatus.DRIFT
        return ExitStatus.ERROR

    def lines(self) -> Iterator[str]:
        """Everything except the nodes, one line each."""
        for who in self.under_way:
            yield f"an operation is running: {who}"
        for who in self.interrupted:
            yield f"an operation was interrupted: {who}; the next up continues it"
        if len(self.slurm) > 1:
            versions = "; ".join(f"{version} on {fold(names)}" for version, names in self.slurm.items())
            yield f"Slurm's versions: {versions}"
        for mode, names in sorted(self.selinux.items()):
            yield f"SELinux: {mode} on {fold(names)}"
        for volume in self.volumes:
            yield f"kept when the cluster is deleted: {volume}"
        for problem in self.problems:
            yield f"up would refuse: {problem}"
        for line in self.drift:
            yield f"drift: {line}"

    def folded(self) -> list[tuple[str, ...]]:
        """The nodes, those that differ in nothing but the name put together."""
        together: dict[tuple[str, ...], list[str]] = {}
        for node in self.nodes:
            key = (node.group, node.state, node.current, node.target, node.next)
            together.setdefault(key, []).append(node.node)
        return [(key[0], fold(names), *key[1:]) for key, names in together.items()]


def look(session: Session) -> Status:
    """Examine a cluster; changes nothing.

    Raises:
        CloudError: a query to the cloud fails.
    """
    deployment = session.deployment()
    drift = drift_of(session, deployment)
    facts = session.facts()
    findings = findings_of(session, deployment)
    images = {image.id: image for image in facts.images}
    states = {server.name: server.status for server in findings.resolved.servers.values()}
    rows = image_plan(session.config, facts, findings.resolved.images)
    layout = session.layout
    held = holders(layout) if layout else []
    return Status(
        stack=session.name,
        nodes=tuple(
            NodeState(
                row.group,
                row.node,
                states.get(row.node, _MISSING),
                str(row.current or ""),
                str(row.target or ""),
                "" if row.action is NodeAction.NONE else row.action.value,
                upstream(images[row.current.id].slurm) if row.current and row.current.id in images else "",
                images[row.current.id].selinux if row.current and row.current.id in images else "",
            )
            for row in rows
        ),
        under_way=tuple(str(holder) for holder in held if not holder.gone),
        interrupted=tuple(str(holder) for holder in held if holder.gone),
        volumes=tuple(each.what for each in kept_resources(deployment) if each.data),
        problems=tuple(f"{problem.path}: {problem.what}" for problem in (*findings.state, *findings.problems)),
        drift=drift.lines(),
    )
