"""The cases of `decide`, as data: what is known, what is to be done, and words of the reason.

Facts not named are those of a node that Slurm waits for, whose server is ACTIVE on image ``old`` with target ``new``.
"""

from dataclasses import dataclass, field
from typing import Any

from node.reboot_program.decide import Kind
from node.reboot_program.facts import Facts, Image, Intent, Server, Verb
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
    kind: Kind
    words: str
    server: dict[str, Any] | None = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def all_facts(self) -> Facts:
        """The facts of this case."""
        usual_server = {"id": "s", "status": "ACTIVE", "image_id": "old", "disk": 20, "ram": 2048}
        usual = {
            "node": "c1",
            "target": Target("s", "new"),
            "server": None if self.server is None else Server(**{**usual_server, **self.server}),
            "image": Image("new", "active", min_disk=10, min_ram=512),
            "slurm": WAITING,
            "waited": 60.0,
        }
        return Facts(**{**usual, **self.facts})


ON = {"image_id": "new"}
CASES = [
    Case("image differs", Kind.REBUILD, "runs image old, target is new"),
    Case("image is right", Kind.REBOOT, "plain reboot", ON),
    Case(
        "image is right, but it does not answer",
        Kind.HARD_REBOOT,
        "Slurm does not reach it",
        ON,
        {"slurm": SlurmNode("c1", WAITING.flags | {"NOT_RESPONDING"})},
    ),
    Case("image is right, but its last boot failed", Kind.HARD_REBOOT, "not seen it since", ON, {"lost": True}),
    Case("volume-backed, image differs", Kind.REBUILD, "runs image old", {"volume_backed": True}),
    Case("volume-backed, image is right", Kind.REBOOT, "plain reboot", {"volume_backed": True, **ON}),
    Case(
        "volume-backed, image unknown", Kind.FAIL, "does not say which image", {"volume_backed": True, "image_id": ""}
    ),
    Case("Slurm cannot be asked", Kind.REBUILD, "runs image old", facts={"slurm": None}),
    Case("node is in service", Kind.LEAVE, "no longer waits", facts={"slurm": SlurmNode("c1", frozenset({"IDLE"}))}),
    Case(
        "out of Slurm's reach, to be rebooted",
        Kind.REBUILD,
        "runs image old",
        facts={"slurm": SlurmNode("c1", frozenset({"DOWN", "REBOOT_REQUESTED", "NOT_RESPONDING"}))},
    ),
    Case(
        "node has jobs, no target",
        Kind.LEAVE,
        "no longer waits",
        facts={"slurm": SlurmNode("c1", frozenset({"ALLOCATED"})), "target": None},
    ),
    Case(
        "request just made, Slurm not yet there",
        Kind.WAIT,
        "IDLE",
        facts={"slurm": SlurmNode("c1", frozenset({"IDLE"})), "waited": 1.0},
    ),
    Case(
        "booted faster than we looked",
        Kind.LEAVE,
        "no longer waits",
        ON,
        {"slurm": SlurmNode("c1", frozenset({"IDLE"})), "waited": 1.0, "intent": REBUILT},
    ),
    Case(
        "srun --reboot",
        Kind.REBUILD,
        "runs image old",
        facts={"slurm": SlurmNode("c1", frozenset({"ALLOCATED", "NOT_RESPONDING", "POWERING_UP"}))},
    ),
    Case(
        "targets of another schema", Kind.FAIL, "schema 2", facts={"target_problem": "x has schema 2", "target": None}
    ),
    Case("no target", Kind.FAIL, "no record", facts={"target": None}),
    Case("no server", Kind.FAIL, "does not exist", server=None),
    Case("locked", Kind.FAIL, "openstack server unlock", {"locked": True}),
    Case("target image gone", Kind.FAIL, "target image new does not exist", facts={"image": None}),
    Case("target image gone, not needed", Kind.REBOOT, "plain reboot", ON, {"image": None}),
    Case("target image queued", Kind.FAIL, "queued, not active", facts={"image": Image("new", "queued")}),
    Case("disk too small", Kind.FAIL, "disk of 40 GiB", facts={"image": Image("new", "active", min_disk=40)}),
    Case("flavor without disk", Kind.REBUILD, "runs", {"disk": 0}, {"image": Image("new", "active", min_disk=40)}),
    Case("memory too small", Kind.FAIL, "4096 MiB", facts={"image": Image("new", "active", min_ram=4096)}),
    Case("off, image differs", Kind.REBUILD, "runs image old", {"status": "SHUTOFF"}),
    Case("off, image is right", Kind.HARD_REBOOT, "off: starting it", {"status": "SHUTOFF", **ON}),
    Case("rebuilt while off", Kind.HARD_REBOOT, "while it was off", {"status": "SHUTOFF", **ON}, {"intent": REBUILT}),
    Case("ERROR", Kind.REBUILD, "a rebuild heals it", {"status": "ERROR"}),
    Case("ERROR on the right image", Kind.REBUILD, "a rebuild heals it", {"status": "ERROR", **ON}),
    Case("ERROR, target image gone", Kind.FAIL, "does not exist", {"status": "ERROR", **ON}, {"image": None}),
    Case(
        "ERROR after our rebuild",
        Kind.FAIL,
        "ended in ERROR (req-1): no host",
        {"status": "ERROR", "fault": "no host", **ON},
        {"intent": REBUILT},
    ),
    Case("paused", Kind.FAIL, "is PAUSED", {"status": "PAUSED"}),
    Case("rescued", Kind.FAIL, "is RESCUE", {"status": "RESCUE", **ON}),
    Case("our rebuild under way", Kind.FOLLOW, "req-1", {"task_state": "rebuilding", **ON}, {"intent": REBUILT}),
    Case("somebody's rebuild under way", Kind.FOLLOW, "under way", {"task_state": "rebuild_spawning", **ON}),
    Case("rebuild with another image under way", Kind.WAIT, "busy", {"task_state": "rebuilding", "image_id": "other"}),
    Case(
        "volume being rewritten",
        Kind.FOLLOW,
        "under way",
        {"task_state": "rebuilding", "volume_backed": True},
        {"intent": REBUILT},
    ),
    Case("reboot under way", Kind.FOLLOW, "reboot is under way", {"task_state": "reboot_started", **ON}),
    Case("reboot on the old image under way", Kind.WAIT, "busy", {"task_state": "reboot_started"}),
    Case("in another task", Kind.WAIT, "busy with task image_uploading", {"task_state": "image_uploading"}),
    Case("locked during a task", Kind.WAIT, "busy", {"task_state": "image_uploading", "locked": True}),
    Case("rebuilt", Kind.BOOTED, "ACTIVE on image new", ON, {"intent": REBUILT}),
    Case("rebuilt, answer lost", Kind.BOOTED, "ACTIVE on image new", ON, {"intent": ASKED}),
    Case("rebuild asked, never taken", Kind.REBUILD, "runs image old", facts={"intent": ASKED}),
    Case("rebuild taken, image still old", Kind.FAIL, "(req-1) ended on image old", facts={"intent": REBUILT}),
    Case(
        "target changed after the rebuild",
        Kind.REBUILD,
        "runs image old",
        facts={"intent": Intent(Verb.REBUILD, "old", accepted=True)},
    ),
    Case("rebooted", Kind.BOOTED, "ACTIVE", ON, {"intent": REBOOTED}),
    Case("reboot asked, never taken", Kind.REBOOT, "plain", ON, {"intent": Intent(Verb.REBOOT, "new")}),
]
