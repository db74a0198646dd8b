"""The cases of `decide`, as data: what is known, what is to be done, and words of the reason.

Facts not named are those of a node that Slurm waits for, whose server is ACTIVE on image ``old`` with target ``new``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from node.reboot_program.decide import RebootDecisionKind
from node.reboot_program.facts import Intent, NodeServer, RebootFacts, TargetImage, Verb
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.targets import Target

WAITING = SlurmNode("c1", frozenset({"DOWN", "DRAIN", "REBOOT_ISSUED"}))
ASKED = Intent(Verb.REBUILD, "new")
REBUILT = Intent(Verb.REBUILD, "new", accepted=True, request_id="req-1")
REBOOTED = Intent(Verb.REBOOT, "new", accepted=True, request_id="req-2")


@dataclass(frozen=True)
class Case:
    """One row: facts that differ from the usual, the decision, words that its reason must have."""

    name: str
    kind: RebootDecisionKind
    words: str
    server: dict[str, Any] | None = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def all_facts(self) -> RebootFacts:
        """The facts of this case."""
        usual_server = {"id": "s", "status": "ACTIVE", "image_id": "old", "disk": 20, "ram": 2048}
        usual = {
            "node": "c1",
            "target": Target("s", "new"),
            "server": None if self.server is None else NodeServer(**{**usual_server, **self.server}),
            "image": TargetImage("new", "active", min_disk=10, min_ram=512),
            "slurm": WAITING,
            "waited": 60.0,
        }
        return RebootFacts(**{**usual, **self.facts})


ON = {"image_id": "new"}
CASES = [
    Case("image differs", RebootDecisionKind.REBUILD, "runs image old, target is new"),
    Case("image is right", RebootDecisionKind.REBOOT, "plain reboot", ON),
    Case(
        "image is right, but it does not answer",
        RebootDecisionKind.HARD_REBOOT,
        "Slurm cannot reach it",
        ON,
        {"slurm": SlurmNode("c1", WAITING.flags | {"NOT_RESPONDING"})},
    ),
    Case(
        "image is right, but its last boot failed",
        RebootDecisionKind.HARD_REBOOT,
        "not seen it since",
        ON,
        {"lost": True},
    ),
    Case("volume-backed, image differs", RebootDecisionKind.REBUILD, "runs image old", {"volume_backed": True}),
    Case("volume-backed, image is right", RebootDecisionKind.REBOOT, "plain reboot", {"volume_backed": True, **ON}),
    Case(
        "volume-backed, image unknown",
        RebootDecisionKind.FAIL,
        "does not record its image",
        {"volume_backed": True, "image_id": ""},
    ),
    Case("Slurm cannot be asked", RebootDecisionKind.REBUILD, "runs image old", facts={"slurm": None}),
    Case(
        "node is in service",
        RebootDecisionKind.LEAVE,
        "no longer expects",
        facts={"slurm": SlurmNode("c1", frozenset({"IDLE"}))},
    ),
    Case(
        "out of Slurm's reach, to be rebooted",
        RebootDecisionKind.REBUILD,
        "runs image old",
        facts={"slurm": SlurmNode("c1", frozenset({"DOWN", "REBOOT_REQUESTED", "NOT_RESPONDING"}))},
    ),
    Case(
        "node has jobs, no target",
        RebootDecisionKind.LEAVE,
        "no longer expects",
        facts={"slurm": SlurmNode("c1", frozenset({"ALLOCATED"})), "target": None},
    ),
    Case(
        "request just made, Slurm not yet there",
        RebootDecisionKind.WAIT,
        "IDLE",
        facts={"slurm": SlurmNode("c1", frozenset({"IDLE"})), "waited": 1.0},
    ),
    Case(
        "booted faster than we looked",
        RebootDecisionKind.LEAVE,
        "no longer expects",
        ON,
        {"slurm": SlurmNode("c1", frozenset({"IDLE"})), "waited": 1.0, "intent": REBUILT},
    ),
    Case(
        "srun --reboot",
        RebootDecisionKind.REBUILD,
        "runs image old",
        facts={"slurm": SlurmNode("c1", frozenset({"ALLOCATED", "NOT_RESPONDING", "POWERING_UP"}))},
    ),
    Case(
        "targets of another schema",
        RebootDecisionKind.FAIL,
        "schema 2",
        facts={"target_problem": "x has schema 2", "target": None},
    ),
    Case("no target", RebootDecisionKind.FAIL, "no record", facts={"target": None}),
    Case("no server", RebootDecisionKind.FAIL, "does not exist", server=None),
    Case("locked", RebootDecisionKind.FAIL, "openstack server unlock", {"locked": True}),
    Case("target image gone", RebootDecisionKind.FAIL, "target image new does not exist", facts={"image": None}),
    Case("target image gone, not needed", RebootDecisionKind.REBOOT, "plain reboot", ON, {"image": None}),
    Case(
        "target image queued",
        RebootDecisionKind.FAIL,
        "queued, not active",
        facts={"image": TargetImage("new", "queued")},
    ),
    Case(
        "disk too small",
        RebootDecisionKind.FAIL,
        "disk of 40 GiB",
        facts={"image": TargetImage("new", "active", min_disk=40)},
    ),
    Case(
        "flavor without disk",
        RebootDecisionKind.REBUILD,
        "runs",
        {"disk": 0},
        {"image": TargetImage("new", "active", min_disk=40)},
    ),
    Case(
        "memory too small",
        RebootDecisionKind.FAIL,
        "4096 MiB",
        facts={"image": TargetImage("new", "active", min_ram=4096)},
    ),
    Case("off, image differs", RebootDecisionKind.REBUILD, "runs image old", {"status": "SHUTOFF"}),
    Case("off, image is right", RebootDecisionKind.HARD_REBOOT, "off: starting it", {"status": "SHUTOFF", **ON}),
    Case(
        "rebuilt while off",
        RebootDecisionKind.HARD_REBOOT,
        "while it was shut off",
        {"status": "SHUTOFF", **ON},
        {"intent": REBUILT},
    ),
    Case("ERROR", RebootDecisionKind.REBUILD, "rebuilding it", {"status": "ERROR"}),
    Case("ERROR on the right image", RebootDecisionKind.REBUILD, "rebuilding it", {"status": "ERROR", **ON}),
    Case(
        "ERROR, target image gone",
        RebootDecisionKind.FAIL,
        "does not exist",
        {"status": "ERROR", **ON},
        {"image": None},
    ),
    Case(
        "ERROR after our rebuild",
        RebootDecisionKind.FAIL,
        "ended in ERROR (req-1): no host",
        {"status": "ERROR", "fault": "no host", **ON},
        {"intent": REBUILT},
    ),
    Case("paused", RebootDecisionKind.FAIL, "is PAUSED", {"status": "PAUSED"}),
    Case("rescued", RebootDecisionKind.FAIL, "is RESCUE", {"status": "RESCUE", **ON}),
    Case(
        "our rebuild under way",
        RebootDecisionKind.FOLLOW,
        "req-1",
        {"task_state": "rebuilding", **ON},
        {"intent": REBUILT},
    ),
    Case(
        "somebody's rebuild under way",
        RebootDecisionKind.FOLLOW,
        "in progress",
        {"task_state": "rebuild_spawning", **ON},
    ),
    Case(
        "rebuild with another image under way",
        RebootDecisionKind.WAIT,
        "busy",
        {"task_state": "rebuilding", "image_id": "other"},
    ),
    Case(
        "volume being rewritten",
        RebootDecisionKind.FOLLOW,
        "in progress",
        {"task_state": "rebuilding", "volume_backed": True},
        {"intent": REBUILT},
    ),
    Case("reboot under way", RebootDecisionKind.FOLLOW, "is in progress", {"task_state": "reboot_started", **ON}),
    Case("reboot on the old image under way", RebootDecisionKind.WAIT, "busy", {"task_state": "reboot_started"}),
    Case(
        "in another task", RebootDecisionKind.WAIT, "busy with task image_uploading", {"task_state": "image_uploading"}
    ),
    Case("locked during a task", RebootDecisionKind.WAIT, "busy", {"task_state": "image_uploading", "locked": True}),
    Case("rebuilt", RebootDecisionKind.BOOTED, "ACTIVE on image new", ON, {"intent": REBUILT}),
    Case("rebuilt, answer lost", RebootDecisionKind.BOOTED, "ACTIVE on image new", ON, {"intent": ASKED}),
    Case("rebuild asked, never taken", RebootDecisionKind.REBUILD, "runs image old", facts={"intent": ASKED}),
    Case(
        "rebuild taken, image still old",
        RebootDecisionKind.FAIL,
        "(req-1) ended on image old",
        facts={"intent": REBUILT},
    ),
    Case(
        "target changed after the rebuild",
        RebootDecisionKind.REBUILD,
        "runs image old",
        facts={"intent": Intent(Verb.REBUILD, "old", accepted=True)},
    ),
    Case("rebooted", RebootDecisionKind.BOOTED, "ACTIVE", ON, {"intent": REBOOTED}),
    Case("reboot asked, never taken", RebootDecisionKind.REBOOT, "plain", ON, {"intent": Intent(Verb.REBOOT, "new")}),
]
