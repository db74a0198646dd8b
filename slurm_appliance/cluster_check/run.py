"""Gathers facts on a running cluster and judges them."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

from slurm_appliance.cluster_check import remote
from slurm_appliance.cluster_check.judge import CheckRow, judge
from slurm_appliance.cluster_check.targets import targets
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.hostvars import users_file
from slurm_appliance.hostvars.inventory import members, read_inventory
from slurm_appliance.hostvars.references import plain
from slurm_appliance.playbooks.run import ANSIBLE
from slurm_appliance.ssh.known_hosts import SshHost


class ClusterCheckError(ApplianceError):
    """Raised when a cluster cannot be checked."""


def check_cluster(environment: EnvironmentFolder, *, user: str = "", limit: float = 900.0) -> list[CheckRow]:
    """Check the cluster of an environment.

    Args:
        environment: the environment.
        user: user to run jobs as; empty: the first user in the configuration.
        limit: timeout for everything, in seconds.

    Raises:
        ClusterCheckError: the inventory is missing, or the login node does not respond.
    """
    if not (environment.inventory / "hosts.yml").exists():
        raise ClusterCheckError("the inventory is missing", where=str(environment.inventory), remedy="run up first")
    hosts = read_inventory(environment.inventory, ANSIBLE)
    compute = frozenset(members(hosts, "compute"))
    entrance = _entrance(hosts)
    variables = hosts[entrance]
    users = sorted(json.loads(users_file.of_inventory(environment.inventory, hosts)))
    user = user or (users[0] if users else "")
    request = {"user": user, "hpctests": bool(variables.get("features", {}).get("hpctests"))}
    facts: dict[str, Any] = _gather(SshHost.of(entrance, variables, environment.inventory), request, limit)
    watched = frozenset(members(hosts, "control", "login", "compute"))
    if variables.get("features", {}).get("monitoring"):
        control = members(hosts, "control")[0]
        facts["targets"] = targets(
            SshHost.of(control, hosts[control], environment.inventory), plain(variables["monitoring_password"]), watched
        )
    accounting = bool(variables.get("slurm", {}).get("accounting"))
    return judge(facts, compute, watched, user=user, accounting=accounting)


def _entrance(hosts: dict[str, dict[str, Any]]) -> str:
    """A login node or, without one, the control node: they have the users' commands."""
    return (members(hosts, "login") or members(hosts, "control") or sorted(hosts))[0]


def _gather(host: SshHost, request: dict[str, Any], limit: float) -> Any:
    program = f"sudo -n python3 - {shlex.quote(json.dumps(request))}"
    source = Path(remote.__file__).read_text()
    try:
        ended = subprocess.run(
            host.command(program), input=source, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterCheckError(f"the checks timed out after {limit:.0f} s", where=host.name) from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["no error message"]
        raise ClusterCheckError(f"the checks failed to run: {said[-1]}", where=host.name)
    return json.loads(ended.stdout)
