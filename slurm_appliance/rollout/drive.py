"""Executes a rollout: poll, decide, record, act, repeat."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from slurm_appliance.errors import ApplianceError
from slurm_appliance.rollout.errors import ControlNodeError, RolloutError
from slurm_appliance.rollout.facts import RolloutFacts
from slurm_appliance.rollout.plan import RolloutPlan, RolloutVerdict, SlurmRequest, plan
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import UNDER_WAY, NodeRecord


class ClusterView(Protocol):
    """A rollout's access to the cluster; implemented by `cluster.SlurmCluster`."""

    def look(self, names: Collection[str]) -> RolloutFacts:
        """The current facts of these nodes.

        Raises:
            ApplianceError: Slurm or the cloud cannot be queried; this may be temporary.
        """

    def act(self, action: SlurmRequest) -> None:
        """Send a request to Slurm.

        Raises:
            ControlNodeError: Slurm did not accept (all of) it; the next poll shows what it accepted.
        """


class Watcher(Protocol):
    """Shows a rollout's progress."""

    def round(self, before: Mapping[str, NodeRecord], plan: RolloutPlan, facts: RolloutFacts) -> None:
        """Called after each poll."""

    def trouble(self, text: str) -> None:
        """Called when something failed and will be retried."""


class Drive:
    """A running rollout.

    Args:
        cluster: see `ClusterView`.
        write: stores the records; called before each request to Slurm.
        watcher: see `Watcher`.
        interval: polling interval in seconds.
        timeout: timeout for an unavailable control node or cloud, in seconds.
        clock: seconds since the epoch.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        cluster: ClusterView,
        write: Callable[[Mapping[str, NodeRecord]], None],
        watcher: Watcher,
        *,
        interval: float = 5.0,
        timeout: float = 1800.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cluster = cluster
        self._write = write
        self._watcher = watcher
        self._interval = interval
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep

    def run(self, records: Mapping[str, NodeRecord], policy: Policy) -> RolloutPlan:
        """Run until the plan is done; return the last plan.

        Raises:
            RolloutError: no node could start for `Policy.blocked_limit` seconds.
            ApplianceError: the cluster was unavailable for longer than `timeout`.
        """
        blocked_since: float | None = None
        records = dict(records)
        while True:
            facts = self._look(records)
            step = plan(records, facts, policy)
            if step.records != records:
                self._write(step.records)
            self._watcher.round(records, step, facts)
            records = dict(step.records)
            for action in step.actions:
                self._act(action)
            if step.verdict is not RolloutVerdict.GOING:
                return step
            under_way = step.actions or any(record.phase in UNDER_WAY for record in records.values())
            blocked_since = (blocked_since or facts.now) if step.why and not under_way else None
            if blocked_since and facts.now - blocked_since > policy.blocked_limit:
                raise RolloutError(
                    step.why,
                    remedy="return these nodes to service, or increase --max-unavailable; then run the rollout again",
                )
            self._sleep(self._interval)

    def _look(self, records: Mapping[str, NodeRecord]) -> RolloutFacts:
        away_since: float | None = None
        while True:
            try:
                return self._cluster.look(records)
            except ApplianceError as error:
                now = self._clock()
                away_since = away_since or now
                if now - away_since > self._timeout:
                    raise
                self._watcher.trouble(f"{error.where or 'cluster'}: {error.what}; retrying")
                self._sleep(self._interval)

    def _act(self, action: SlurmRequest) -> None:
        try:
            self._cluster.act(action)
        except ControlNodeError as error:
            self._watcher.trouble(f"{action.kind} of {', '.join(action.nodes)}: {error.what}; checking again")
