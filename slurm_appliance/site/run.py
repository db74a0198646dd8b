"""Runs ``site.yml``, or another playbook of the checkout, for one environment: ``python -m slurm_appliance.site_run``.

Reads a request as JSON from standard input::

    {"environment": "...", "playbook": "site.yml", "extra_vars": {}, "cloud": null, "all": false, "compute": false}

Progress goes to standard error; the last line, on standard output, is a small JSON summary. Exit status: 0 success; 3
the cluster runs, but some compute nodes failed; 1 any other failure; 130 and 143 stopped by a signal.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.placement import places
from slurm_appliance.deploy_host.run_log import new_run_log
from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.deploy_host.stop_signals import taking_stop_signals
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars.inventory import members, read_inventory
from slurm_appliance.playbooks.run import ANSIBLE, PlaybookOutcome, run_playbook
from slurm_appliance.site.files import ask_for_everything
from slurm_appliance.site.partial_run import PartialRun
from slurm_appliance.site.topology import with_topology
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.layers import DIGEST_VARIABLE, SiteLayer, site_layer
from slurm_appliance.site_layer.run import HOOKS_VARIABLE, LayerRun, prepared
from slurm_appliance.site_repository.current import STACKS
from slurm_appliance.site_repository.place import STACKS_VARIABLE
from slurm_appliance.ssh.consoles import explain, reader
from slurm_appliance.ssh.known_hosts import SshHost, trust

#: The cluster runs without some compute nodes.
PARTIAL = 3
FAILED = 1
_SITE, _LAST_PHASE = "site.yml", "final"
#: Tasks that the closing document names.
_MOST_TASKS = 50


@dataclass(frozen=True)
class SiteRequest:
    """The request: what to run, and where.

    Attributes:
        environment: the environment's name.
        playbook: name of a playbook in the checkout.
        extra_vars: variables that override all others; no secrets.
        cloud: an entry of clouds.yaml, to read consoles of nodes that do not boot; None: the OS_* variables.
        all: skip no part of site.yml.
        compute: make compute nodes skip no role.
    """

    environment: str
    playbook: str = "site.yml"
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    cloud: str | None = None
    all: bool = False
    compute: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "SiteRequest":
        """Parse a request from JSON."""
        return cls(
            str(document["environment"]),
            str(document.get("playbook", "site.yml")),
            dict(document.get("extra_vars") or {}),
            document.get("cloud"),
            bool(document.get("all")),
            bool(document.get("compute")),
        )


class Ending:
    """Whether a stop was requested, and by which signal."""

    def __init__(self) -> None:
        self.signal = 0

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number

    @contextmanager
    def taking_signals(self) -> Iterator[None]:
        """Note the first signal that comes meanwhile."""
        with taking_stop_signals(self._take):
            yield


def main() -> int:
    """Execute the request on standard input."""
    request = SiteRequest.of(json.load(sys.stdin))
    ending = Ending()
    with ending.taking_signals():
        status, said = run(request, ending)
    print(json.dumps(said), flush=True)
    return status


def run(request: SiteRequest, ending: Ending, stacks: Path = STACKS) -> tuple[int, dict[str, Any]]:
    """Run the playbook.

    Args:
        request: what to run, and where.
        ending: whether a stop was requested.
        stacks: the folder of stack files, where the site's own layer is looked for.

    Returns:
        The exit status and the summary.
    """
    environment = EnvironmentFolder.of(request.environment)
    log = new_run_log(environment.logs, Path(request.playbook).stem)
    _say(f"{request.playbook}: full log: {log}")
    layer = _layer(request.environment, stacks)
    with log.open("w", encoding="utf-8", buffering=1) as file, scratch_folder() as folder:
        layers = _prepared(layer, folder, environment.folder / "hooks")
        hosts = read_inventory(environment.inventory, ANSIBLE, layers.inventories)
        hosts = with_topology(environment, hosts, lambda: places(connect(request.cloud)), _say)
        compute = frozenset(members(hosts, "compute"))
        _trust(environment, hosts, compute, ending)
        partial = PartialRun(environment, hosts, layer, folder / "facts", _say)
        is_site = request.playbook == _SITE
        if is_site:
            if request.compute:
                ask_for_everything(environment.rendered)
            partial.begin(_why_everything(request))
        outcome = run_playbook(
            ANSIBLE / request.playbook,
            (*layers.inventories, environment.inventory),
            file,
            _say,
            folder=folder,
            variables={**request.extra_vars, **layers.variables, **partial.variables},
            # The stack files' folder is for site.files, which looks for the layer of compute nodes.
            environment={STACKS_VARIABLE: str(stacks), **layers.environment},
            skip_tags=partial.skip_tags,
            facts=partial.cache,
            cancelled=lambda: bool(ending.signal),
        )
        status = exit_status(outcome, compute, ending.signal)
        # Without the last phase, a failure of a compute node has ended the run before its end.
        if is_site and status in (0, PARTIAL) and _LAST_PHASE in outcome.phases:
            partial.end()
    instances = {name: str(each["instance_id"]) for name, each in hosts.items() if each.get("instance_id")}
    explain(outcome.failures, instances, lambda: reader(request.cloud), _say)
    return status, summary(outcome, compute, status, log)


def _why_everything(request: SiteRequest) -> str:
    if request.all:
        return "it was asked for"
    return "variables are given for this run" if request.extra_vars else ""


def _trust(
    environment: EnvironmentFolder, hosts: Mapping[str, Mapping[str, Any]], compute: frozenset[str], ending: Ending
) -> None:
    timeout = max((int(variables.get("ansible_init_wait", 300)) for variables in hosts.values()), default=300)
    trust(
        [
            SshHost.of(name, variables, environment.inventory)
            for name, variables in hosts.items()
            if name not in compute
        ],
        environment.known_hosts,
        _say,
        limit=timeout,
        going=lambda: not ending.signal,
    )


def _layer(stack: str, stacks: Path) -> SiteLayer | None:
    """The site's own layer.

    Raises:
        SiteLayerError: it cannot be used, or was there when the run was planned and is not found now.
    """
    layer = site_layer(stacks, stack)
    if layer is None and os.environ.get(DIGEST_VARIABLE):
        raise SiteLayerError(
            "the site's own layer is gone since this run was planned", where=str(stacks.parent), remedy="run up again"
        )
    return layer


def _prepared(layer: SiteLayer | None, folder: Path, hooks: Path) -> LayerRun:
    """The run's hooks: those of the layer, then those of the environment's folder on this machine."""
    if layer is None:
        return LayerRun({HOOKS_VARIABLE: str(hooks)})
    own = folder / "layer"
    own.mkdir(mode=0o700)
    return prepared(layer, "site", own, hooks)


def exit_status(outcome: PlaybookOutcome, compute: frozenset[str], number: int = 0) -> int:
    """The exit status of a run.

    Args:
        outcome: Ansible's result.
        compute: names of the compute nodes: failures there are partial.
        number: number of the signal that stopped it, or 0.
    """
    if number:
        return 128 + number
    if outcome.status == "successful":
        return 0
    bad = {failure.host for failure in outcome.failures}
    return PARTIAL if bad and bad <= compute else FAILED


def summary(outcome: PlaybookOutcome, compute: frozenset[str], status: int, log: Path) -> dict[str, Any]:
    """The summary of a run: small for any number of nodes."""
    bad = {failure.host: failure for failure in outcome.failures}
    said = [f"{failure.host}: {failure.task}: {failure.message}"[:400] for failure in bad.values()]
    words = {0: "done", PARTIAL: "partial", FAILED: "failed"}
    return {
        "status": words.get(status, "interrupted"),
        "changed": sum(outcome.changed.values()),
        "changed_tasks": dict(list(outcome.changed_tasks.items())[:_MOST_TASKS]),
        "seconds": outcome.seconds,
        "phases": dict(outcome.phases),
        "compute_nodes": len(compute),
        "compute_nodes_failed": len(bad.keys() & compute),
        "failures": said[:10],
        "log": str(log),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
