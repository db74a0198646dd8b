"""Slurm's topology.conf from where the cloud runs the compute nodes.

A tree of three levels: a switch for each hypervisor, one for each availability zone, and one above all, so that jobs
can have nodes of several zones. Nodes whose hypervisor is not known are below a switch of their own.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from slurm_appliance.cloud.connection import CloudError
from slurm_appliance.cloud.placement import Place
from slurm_appliance.config.slurm import TopologySource
from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars.inventory import members

#: The variable of the control node with the text of the file.
VARIABLE = "slurm_topology"
#: Where it is in the environment's folder: runs without a cloud find that of the last run.
FILE = "group_vars/control/topology.yml"
_ROOT, _UNKNOWN = "cloud", "unknown"
_ID_LENGTH = 16
_WORD = re.compile(r"[A-Za-z0-9_-]{1,48}")


def topology_conf(nodes: Mapping[str, str], places: Mapping[str, Place]) -> str:
    """The text of topology.conf, the same for the same places in any order; empty without nodes. Pure.

    Args:
        nodes: ids of the compute nodes' servers by node name.
        places: the servers' places by id.
    """
    hosts: dict[str, list[str]] = {}
    zones: dict[str, set[str]] = {}
    for node, server in sorted(nodes.items()):
        place = places.get(server, Place())
        switch = _switch("host", place.host[:_ID_LENGTH]) if place.host else _UNKNOWN
        hosts.setdefault(switch, []).append(node)
        if place.host:
            zones.setdefault(_switch("zone", place.zone) if place.zone else "zone", set()).add(switch)
    below = sorted(zones) + ([_UNKNOWN] if _UNKNOWN in hosts else [])
    lines = [f"SwitchName={switch} Nodes={','.join(named)}" for switch, named in sorted(hosts.items())]
    lines += [f"SwitchName={zone} Switches={','.join(sorted(switches))}" for zone, switches in sorted(zones.items())]
    lines += [f"SwitchName={_ROOT} Switches={','.join(below)}"] if below else []
    return "".join(f"{line}\n" for line in lines)


def _switch(kind: str, name: str) -> str:
    """A switch's name; of a name that Slurm could read otherwise, its digest."""
    return f"{kind}-{name if _WORD.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:_ID_LENGTH]}"


def with_topology(
    environment: EnvironmentFolder,
    hosts: Mapping[str, Mapping[str, Any]],
    ask: Callable[[], Mapping[str, Place]],
    say: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """The hosts' variables with the topology for the control node, which is also written beside the inventory.

    Where the cloud does not answer, that of the last run stays.

    Args:
        environment: the environment's folder.
        hosts: from read_inventory().
        ask: asks the cloud for the servers' places.
        say: told what the operator should know.
    """
    known = {name: dict(variables) for name, variables in hosts.items()}
    path = environment.inventory / FILE
    controls = members(hosts, "control")
    wanted = [(known[name].get("slurm") or {}).get("topology") for name in controls]
    if TopologySource.HYPERVISORS.value not in wanted:
        path.unlink(missing_ok=True)
        for name in controls:
            known[name].pop(VARIABLE, None)
        return known
    try:
        places = ask()
    except CloudError as error:
        say(f"topology.conf stays as it is: {error}")
        return known
    nodes = {name: str(hosts[name].get("instance_id", "")) for name in members(hosts, "compute")}
    text = topology_conf(nodes, places)
    unknown = sum(not places.get(server, Place()).host for server in nodes.values())
    if unknown:
        say(
            f"the cloud does not say which hypervisors run {unknown} compute nodes: topology.conf has them below "
            f"the switch {_UNKNOWN}"
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, json.dumps({VARIABLE: text}) + "\n")
    for name in controls:
        known[name][VARIABLE] = text
    return known
