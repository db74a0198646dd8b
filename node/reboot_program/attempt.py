"""One attempt for one node: gathers the cloud's facts, decides, and makes the call. Runs in the worker's threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from .connection import CloudCalls, Connection
from .decide import RebootDecision, RebootDecisionKind, decide
from .errors import CloudCallError
from .facts import REBUILD_TASKS, Intent, NodeServer, RebootFacts, TargetImage, Verb, needs_image
from .log import log
from .slurm import SlurmError
from .slurm_state import SlurmNode
from .slurm_view import SlurmView
from .spool import Entry
from .targets import Targets

#: Cache time of an active image in seconds: a hundred nodes of one request query it once.
_IMAGE_FRESH = 20.0
#: Cache time of any other answer in seconds: it may be fixed at any moment.
_NO_IMAGE_FRESH = 2.0
_BEGIN = {
    RebootDecisionKind.REBUILD: Verb.REBUILD,
    RebootDecisionKind.REBOOT: Verb.REBOOT,
    RebootDecisionKind.HARD_REBOOT: Verb.REBOOT,
}


@dataclass(frozen=True)
class Looked:
    """The result of one attempt.

    Attributes:
        entry: the node's current entry.
        action: the decision.
        hold: the node may still run its old image, or was not rebooted: on failure it must be kept out of service.
        error: the cloud's error that ended the attempt, if any.
    """

    entry: Entry
    action: RebootDecision
    hold: bool
    error: CloudCallError | None = None


class TargetImages:
    """Cached target images, queried once for all nodes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, TargetImage | None]] = {}

    def get(self, cloud: CloudCalls, image_id: str) -> TargetImage | None:
        """The image, possibly from the cache."""
        # One lock for all: a second thread waits for the first one's answer instead of querying again.
        with self._lock:
            good_until, image = self._known.get(image_id, (0.0, None))
            if self._now() >= good_until:
                image = cloud.image(image_id)
                fresh = _IMAGE_FRESH if image and image.status == "active" else _NO_IMAGE_FRESH
                self._known[image_id] = (self._now() + fresh, image)
            return image


def attempt(
    entry: Entry,
    targets: Targets,
    view: SlurmView,
    connection: Connection,
    images: TargetImages,
    save: Callable[[Entry], None],
    now: float,
    lost: Callable[[SlurmNode | None], bool],
) -> Looked:
    """Gather facts about a node, decide, and start the action.

    Args:
        view: Slurm's view of the node.
        save: writes an entry to the spool; called before each request to Nova and after Nova accepted it.
        now: seconds since the epoch.
        lost: tells what `RebootFacts` has of that name, by Slurm's view.
    """
    facts = RebootFacts(
        node=entry.node,
        target=targets.nodes.get(entry.node),
        target_problem=targets.problem,
        intent=entry.intent,
        waited=now - entry.asked,
    )
    try:
        slurm = view.now()
        facts = _look(replace(facts, slurm=slurm, lost=lost(slurm)), connection, images)
        action = decide(facts)
        # Nova's answers may have taken minutes, and meanwhile jobs may have got the node.
        slurm = view.now()
        if action.kind in _BEGIN and slurm != facts.slurm:
            facts = replace(facts, slurm=slurm, lost=lost(slurm))
            action = decide(facts)
        intent = _intent(action, facts)
        if intent != entry.intent:
            entry = replace(entry, intent=intent)
            save(entry)
        if action.kind in _BEGIN and facts.server and intent:
            request_id = _begin(action.kind, connection.cloud(), facts.server, intent.image_id)
            entry = replace(entry, intent=replace(intent, accepted=True, request_id=request_id))
            save(entry)
            log.info("%s: %s (%s): %s", entry.node, action.kind.value, request_id, action.reason)
    except CloudCallError as error:
        kind = RebootDecisionKind.WAIT if error.passes else RebootDecisionKind.FAIL
        return Looked(entry, RebootDecision(kind, str(error)), _hold(facts, entry), error)
    except SlurmError as error:
        return Looked(
            entry, RebootDecision(RebootDecisionKind.WAIT, f"cannot query Slurm: {error}"), _hold(facts, entry)
        )
    return Looked(entry, action, _hold(facts, entry))


def _look(facts: RebootFacts, connection: Connection, images: TargetImages) -> RebootFacts:
    """The facts, with those from the cloud unless Slurm expects no reboot or there is no target."""
    if facts.target is None or (facts.slurm and not facts.slurm.may_boot):
        return facts
    cloud = connection.cloud()
    server = cloud.server(facts.target.instance_id)
    image = images.get(cloud, facts.target.image_id) if needs_image(server, facts.target) else None
    return replace(facts, server=server, image=image)


def _intent(action: RebootDecision, facts: RebootFacts) -> Intent | None:
    """The intent that follows from a decision."""
    before, target, server = facts.intent, facts.target, facts.server
    if target is None or server is None:
        return before
    if action.kind in _BEGIN:
        return Intent(_BEGIN[action.kind], target.image_id)
    if action.kind is not RebootDecisionKind.FOLLOW or (before and before.accepted):
        return before
    # Our request with a lost answer, or another client's: either one also fulfils this request.
    if server.task_state in REBUILD_TASKS:
        return before or Intent(Verb.REBUILD, target.image_id)
    return Intent(Verb.REBOOT, target.image_id, accepted=True)


def _hold(facts: RebootFacts, entry: Entry) -> bool:
    if facts.server is None or facts.target is None or entry.intent is None:
        return True
    return not (entry.intent.accepted and facts.server.image_id == facts.target.image_id)


def _begin(kind: RebootDecisionKind, cloud: CloudCalls, server: NodeServer, image_id: str) -> str:
    if kind is RebootDecisionKind.REBUILD:
        return cloud.rebuild(server, image_id)
    return cloud.reboot(server, hard=kind is RebootDecisionKind.HARD_REBOOT)
