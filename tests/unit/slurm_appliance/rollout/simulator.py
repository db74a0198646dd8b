"""A small Slurm and Nova in simulated time, to drive rollouts through thousands of courses.

Its rules are those seen on a real slurmctld 22.05 (tests/engine/rollout shows them): ASAP drains at once and reboots
when jobs have ended; a boot after that brings the node back; ResumeTimeout takes the drain away, and a node whose
slurmd still answers goes back into service, on its old image.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum

from node.reboot_program.slurm_state import REASON_PREFIX, SlurmNode
from slurm_appliance.rollout.errors import ControlNodeError
from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.plan import ActionKind, SlurmRequest
from slurm_appliance.rollout.policy import Policy

RESUME_TIMEOUT = 300.0
TARGET = "new"


class Fate(Enum):
    """What comes of a reboot that Slurm issues."""

    OK = "comes back on the target"
    HELD = "the RebootProgram gives up and holds it"
    ERROR = "its server ends in ERROR and it is set DOWN"
    NEVER = "never boots"
    IGNORED = "nothing happens to it"
    WRONG = "boots another image"
    UNHEALTHY = "its health check drains it after the boot"


class Killed(BaseException):
    """The rollout's process dies."""


@dataclass
class Node:
    """One node's truth."""

    name: str
    image: str = "old"
    boot_time: float = 1.0
    jobs: list[float] = field(default_factory=list)
    drain: bool = False
    down: bool = False
    requested: bool = False
    issued: float | None = None
    ends: float | None = None
    fate: Fate = Fate.OK
    reason: str = ""
    alive: bool = True

    @property
    def in_service(self) -> bool:
        return not (self.drain or self.down or self.requested or self.issued is not None)

    def view(self) -> SlurmNode:
        flags = {"DOWN" if self.down else "ALLOCATED" if self.jobs else "IDLE"}
        flags |= {"DRAIN"} if self.drain else set()
        flags |= {"REBOOT_REQUESTED"} if self.requested else set()
        flags |= {"REBOOT_ISSUED"} if self.issued is not None else set()
        return SlurmNode(self.name, frozenset(flags), int(self.boot_time), self.reason, len(self.jobs))


@dataclass
class Simulator:
    """The cluster, and what must never happen to it."""

    nodes: dict[str, Node]
    policy: Policy
    fates: Iterator[Fate]
    arrivals: Iterator[float]
    troubles: Iterator[str]
    now: float = 1000.0
    asked: list[str] = field(default_factory=list)
    untouchable: set[str] = field(default_factory=set)

    # What the rollout sees of it.

    def look(self, names: Collection[str]) -> RolloutFacts:
        trouble = next(self.troubles, "")
        if trouble == "away":
            raise ControlNodeError("is away", where="control")
        if trouble == "killed at look":
            raise Killed
        found = {
            name: NodeFacts(self.nodes[name].view(), self.nodes[name].image, TARGET)
            for name in names
            if name in self.nodes
        }
        return RolloutFacts(found, self.now)

    def act(self, action: SlurmRequest) -> None:
        trouble = next(self.troubles, "")
        if trouble == "killed before":
            raise Killed
        if trouble != "lost":
            (self._reboot if action.kind is ActionKind.REBOOT else self._cancel)(action.nodes)
        if trouble == "killed after":
            raise Killed
        if trouble in {"lost", "refused"}:
            raise ControlNodeError(trouble, where="control")

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0
            for node in self.nodes.values():
                self._pass(node)

    def clock(self) -> float:
        return self.now

    # What must hold.

    def _reboot(self, names: Collection[str]) -> None:
        taken = [self.nodes[name] for name in names if self.nodes[name].in_service]
        away = sum(not node.in_service for node in self.nodes.values())
        assert not taken or away + len(taken) <= self.policy.max_unavailable, "budget of unavailable nodes exceeded"
        under_way = {
            name
            for name, node in self.nodes.items()
            # One that the RebootProgram gave up is out of service, but nothing is being done to it.
            if node.requested or (node.issued is not None and not node.reason.startswith(REASON_PREFIX))
        }
        assert len(under_way | set(names)) <= self.policy.batch, "more nodes under way than the batch allows"
        for name in names:
            node = self.nodes[name]
            assert name not in self.untouchable, f"{name} was finished, or somebody else's"
            self.asked.append(name)
            if not node.requested and node.issued is None:
                node.requested = node.drain = True
                node.reason = "slurm-appliance rollout"

    def _cancel(self, names: Collection[str]) -> None:
        for name in names:
            node = self.nodes[name]
            if node.requested:
                assert node.reason.startswith("slurm-appliance"), "somebody else's reboot was taken away"
                node.requested = node.drain = False
                node.reason = ""

    # How time passes.

    def _pass(self, node: Node) -> None:
        node.jobs = [end for end in node.jobs if end > self.now]
        if node.requested and not node.jobs:
            node.requested, node.issued, node.down = False, self.now, True
            node.fate = next(self.fates, Fate.OK)
            node.ends = self.now + {Fate.HELD: 5.0, Fate.ERROR: 20.0}.get(node.fate, 30.0)
        if node.issued is not None:
            self._reboots(node)
        elif node.down and node.alive and node.reason.endswith("timed out"):
            node.down, node.reason = False, ""
        if node.in_service and not node.jobs:
            length = next(self.arrivals, 0.0)
            if length:
                node.jobs.append(self.now + length)

    def _reboots(self, node: Node) -> None:
        assert not node.jobs, "a node with jobs was rebooted"
        assert node.issued is not None
        if node.ends is not None and self.now >= node.ends:
            node.ends = None
            if node.fate in {Fate.OK, Fate.WRONG, Fate.UNHEALTHY}:
                node.image = "other" if node.fate is Fate.WRONG else TARGET
                node.boot_time, node.alive = self.now, True
                node.issued, node.down, node.drain, node.reason = None, False, False, ""
                if node.fate is Fate.UNHEALTHY:
                    node.drain, node.reason = True, "NHC: no gpu"
                return
            if node.fate is Fate.HELD:
                node.issued, node.down, node.drain = None, False, True
                node.reason = REASON_PREFIX + "target image gone"
                return
            if node.fate is Fate.ERROR:
                node.image, node.alive, node.reason = TARGET, False, REASON_PREFIX + "ended in ERROR"
            if node.fate is Fate.NEVER:
                node.image, node.alive = TARGET, False
        if self.now - node.issued > RESUME_TIMEOUT:
            node.issued, node.drain, node.down = None, False, True
            node.reason += " : reboot timed out"
