"""The service behind RebootProgram: processes the spool until each node is back in Slurm, or has a reason why not.

One thread coordinates and queries Slurm, with one call for all nodes; a bounded pool of threads calls OpenStack. It may
be killed at any moment: its state is in the spool, and a new worker resumes from there.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from .attempt import Looked, TargetImages, attempt
from .backoff import delay, poll_interval
from .connection import Connection
from .decide import RebootDecisionKind, await_slurm
from .facts import RebootFacts
from .holding import FailureNotice, next_step
from .log import log
from .lost import Lost
from .settings import RebootSettings
from .slurm import Slurm, SlurmError
from .slurm_state import REASON_PREFIX, SlurmNode
from .slurm_view import SlurmView
from .spool import Entry, Spool
from .targets import Targets, read_targets

#: Interval for polling the folder of requests, in seconds.
TICK = 0.25
#: Number of rejections before a credential counts as invalid: it may be rotating.
_REFUSALS = 3
#: Time in which a second request for a node repeats the first, in seconds: no node is back sooner.
_TWICE = 5.0
#: Interval for finding nodes that Slurm should reboot but cannot reach, in seconds.
_WAKE = 15.0
#: Delay to collect similar failures, and interval for checking them in Slurm, in seconds.
_GATHER = 2.0


@dataclass
class _Node:
    """A node in progress, with its volatile state."""

    entry: Entry
    due: float = 0.0
    tries: int = 0
    refusals: int = 0
    said: str = ""
    told: bool = False
    look: Future[Looked] | None = None


def _begins_anew(entry: Entry, asked: float) -> bool:
    """Whether a request for a node in progress is for another reboot.

    Slurm itself reboots a woken node as soon as that responds. A booting node may already be back and get another
    request before this worker has noticed.
    """
    return bool(entry.failed) or entry.woken or (entry.booting and asked > entry.asked + _TWICE)


class RebootWorker:
    """Processes one spool.

    Args:
        settings: see `settings.RebootSettings`.
        slurm: the cluster's slurmctld.
        connection: connection to the cloud.
        draw: random numbers from 0 to 1.
        slurm_interval: minimum interval between queries to Slurm, in seconds.
        wake_interval: interval for finding nodes that Slurm cannot reach, in seconds.
    """

    def __init__(
        self,
        settings: RebootSettings,
        slurm: Slurm,
        connection: Connection,
        draw: Callable[[], float] = random.random,
        slurm_interval: float = 1.0,
        wake_interval: float = _WAKE,
    ) -> None:
        self._settings = settings
        self._slurm = slurm
        self._connection = connection
        self._draw = draw
        self._slurm_interval = slurm_interval
        self._spool = Spool(settings.spool)
        self._images = TargetImages()
        self._pool = ThreadPoolExecutor(settings.parallel, thread_name_prefix="openstack")
        self._nodes = {entry.node: _Node(entry) for entry in self._spool.entries()}
        self._lost = Lost(settings.spool / "lost")
        self._slurm_tries = 0
        self._slurm_due = 0.0
        self._wake_interval = wake_interval
        self._wake_due = 0.0
        self._woken: set[str] = set()
        if self._nodes:
            log.info("resuming %d node(s) from the spool", len(self._nodes))

    def run(self, stop: Callable[[], bool], *, once: bool = False) -> None:
        """Work until `stop` returns true; with `once`, until nothing is left."""
        try:
            while not stop():
                self.step()
                if once and not self._nodes and not any(self._spool.requests.glob("*.json")):
                    return
                looks = [node.look for node in self._nodes.values() if node.look]
                if looks:
                    wait(looks, timeout=TICK, return_when=FIRST_COMPLETED)
                else:
                    time.sleep(TICK)
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def step(self) -> None:
        """Take requests, collect results, report failures, start due attempts. Never waits for OpenStack."""
        self._take_up()
        for node in list(self._nodes.values()):
            if node.look and node.look.done():
                look, node.look = node.look, None
                mistake = look.exception()
                if mistake:  # An unexpected exception must not stop the other nodes.
                    log.error("%s: %r", node.entry.node, mistake, exc_info=mistake)
                    self._fail(node, f"unexpected error in the RebootProgram, see its log: {mistake!r}", hold=True)
                else:
                    self._looked(node, look.result())
        if time.monotonic() >= self._slurm_due:
            try:
                self._wake()
                self._report()
                self._start_due()
                self._slurm_tries = 0
            except SlurmError as error:
                self._slurm_tries += 1
                self._slurm_due = time.monotonic() + delay(self._slurm_tries, self._draw())
                log.warning("cannot query Slurm (attempt %d): %s", self._slurm_tries, error)

    def _take_up(self) -> None:
        for path, request in self._spool.pending():
            for name in request.nodes:
                known = self._nodes.get(name)
                if known and not _begins_anew(known.entry, request.asked):
                    log.info("%s: already in progress, ignoring request %s", name, path.stem)
                    continue
                self._nodes[name] = _Node(Entry(name, request.asked), time.monotonic() + self._gap(request.asked))
                self._spool.save(self._nodes[name].entry)
            path.unlink()

    def _wake(self) -> None:
        """Boot nodes that Slurm should reboot but cannot reach, so that they respond.

        Each node once, until Slurm reaches it again or drops the reboot: if it does not come up, it is DOWN with a
        reason for the operator.
        """
        now = time.monotonic()
        if now < self._wake_due:
            return
        self._wake_due = now + self._wake_interval
        views = self._slurm.nodes(sorted(read_targets(self._settings.targets).nodes))
        out_of_reach = {name for name, view in views.items() if view.out_of_reach}
        for name in sorted(out_of_reach - self._woken - self._nodes.keys()):
            log.warning("%s: Slurm has to reboot it but cannot reach it: booting it", name)
            self._nodes[name] = _Node(Entry(name, time.time(), woken=True))
            self._spool.save(self._nodes[name].entry)
        self._woken = out_of_reach

    def _gap(self, asked: float) -> float:
        """Seconds until Slurm will recognise a boot as new."""
        return min(max(0.0, asked + self._settings.gap - time.time()), self._settings.gap)

    def _start_due(self) -> None:
        """Start attempts for due nodes, with one query to Slurm for all of them."""
        now = time.monotonic()
        due = {
            name: node
            for name, node in self._nodes.items()
            if node.due <= now and not node.look and not node.entry.failed
        }
        if not due:
            return
        self._slurm_due = now + self._slurm_interval
        views = self._slurm.nodes(sorted(due))
        targets = read_targets(self._settings.targets)
        for name, node in due.items():
            if node.entry.booting:
                self._booting(node, views.get(name))
            else:
                view = SlurmView(self._slurm, name, views.get(name))
                node.look = self._pool.submit(self._attempt, node.entry, targets, view)

    def _attempt(self, entry: Entry, targets: Targets, view: SlurmView) -> Looked:
        since = self._lost.since(entry.node)

        def lost(seen: SlurmNode | None) -> bool:
            return since is not None and (seen is None or seen.boot_time < since)

        return attempt(entry, targets, view, self._connection, self._images, self._spool.save, time.time(), lost)

    def _looked(self, node: _Node, looked: Looked) -> None:
        """Handle the result of an attempt."""
        node.entry = looked.entry
        late = time.time() - node.entry.asked > self._settings.limit
        reason = looked.action.reason
        if looked.error and looked.error.unauthorized:
            # The stack may have rotated the credential: reload it before counting the failure.
            self._connection.forget()
            node.refusals += 1
            if node.refusals < _REFUSALS and not late:
                self._again(node, looked)
                return
        kind = looked.action.kind
        if kind is RebootDecisionKind.LEAVE:
            self._end(node, reason)
        elif kind is RebootDecisionKind.BOOTED:
            self._say(node, f"{reason}, booting")
            node.entry = replace(node.entry, booting=True)
            self._spool.save(node.entry)
            node.due = time.monotonic() + self._poll()
        elif kind is RebootDecisionKind.FAIL or (late and looked.error):
            self._fail(node, reason, hold=looked.hold)
        elif late:
            self._fail(node, f"{reason}, {time.time() - node.entry.asked:.0f} s after the request", hold=looked.hold)
        elif looked.error:
            self._again(node, looked)
        else:
            node.tries = node.refusals = 0
            if kind in {RebootDecisionKind.FOLLOW, RebootDecisionKind.WAIT}:
                self._say(node, reason)
            node.due = time.monotonic() + self._poll()

    def _again(self, node: _Node, looked: Looked) -> None:
        node.tries += 1
        pause = delay(node.tries, self._draw(), looked.error.retry_after if looked.error else None)
        # The last try is at the timeout, so that Slurm gets the reason before it gives up by itself.
        pause = min(pause, max(node.entry.asked + self._settings.limit - time.time(), TICK))
        node.due = time.monotonic() + pause
        log.warning("%s: %s; try %d in %.1f s", node.entry.node, looked.action.reason, node.tries + 1, pause)

    def _booting(self, node: _Node, view: SlurmNode | None) -> None:
        """Handle Slurm's view of a node whose server is up."""
        waited = time.time() - node.entry.asked
        action = await_slurm(RebootFacts(node.entry.node, None, slurm=view, waited=waited), self._settings.limit)
        if action.kind is RebootDecisionKind.LEAVE:
            self._lost.remove(node.entry.node)
            self._end(node, action.reason)
        elif action.kind is RebootDecisionKind.FAIL:
            self._lost.add(node.entry.node, node.entry.asked)
            # It has its target image: if it comes up later, it may return to service.
            self._fail(node, action.reason, hold=False)
        else:
            node.due = time.monotonic() + self._poll()

    def _poll(self) -> float:
        return poll_interval(len(self._nodes), self._settings.poll, self._settings.parallel)

    def _say(self, node: _Node, text: str) -> None:
        """Log a state once, not at every poll."""
        if node.said != text:
            node.said = text
            log.info("%s: %s", node.entry.node, text)

    def _end(self, node: _Node, reason: str) -> None:
        log.info("%s: done after %.0f s: %s", node.entry.node, time.time() - node.entry.asked, reason)
        self._spool.remove(node.entry.node)
        del self._nodes[node.entry.node]

    def _fail(self, node: _Node, reason: str, *, hold: bool) -> None:
        log.error("%s: %s", node.entry.node, reason)
        node.entry = node.entry.failing(REASON_PREFIX + reason, hold=hold)
        node.due = time.monotonic() + _GATHER
        self._spool.save(node.entry)

    def _report(self) -> None:
        """Report failures to Slurm, one call per reason, and keep the nodes out of service."""
        now = time.monotonic()
        # Nodes of one request often fail together: wait a moment for the others, and report them at once.
        others = any(node.look for node in self._nodes.values())
        failed = [
            node
            for node in self._nodes.values()
            if node.entry.failed and (node.due <= now or not (node.told or others))
        ]
        if not failed:
            return
        views = self._slurm.nodes([node.entry.node for node in failed])
        alike: dict[tuple[str, FailureNotice], list[_Node]] = defaultdict(list)
        for node in failed:
            step = next_step(views.get(node.entry.node), hold=node.entry.hold, told=node.told)
            alike[node.entry.failed, step].append(node)
        for (reason, step), nodes in alike.items():
            self._slurm.tell([node.entry.node for node in nodes], step, reason)
            for node in nodes:
                node.told = True
                node.due = now + _GATHER
                if step is FailureNotice.DONE:
                    self._spool.remove(node.entry.node)
                    del self._nodes[node.entry.node]
