"""Reads each compute node and its variables from an Ansible inventory, including group_vars."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slurm_appliance.hostvars.allowed import ENTRIES, allowed
from slurm_appliance.hostvars.bundle import ComputeNode
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.playbooks.node_roles import NodeRole

#: Timeout of ansible-inventory in seconds: 1000 hosts take 3.
_TIMEOUT = 300


def read_inventory(inventory: Path, playbooks: Path, before: Sequence[Path] = ()) -> dict[str, dict[str, Any]]:
    """All hosts' variables by host name, with Ansible's own precedence and unresolved templates.

    Includes ``group_names``: a host's groups, as in plays.

    Args:
        inventory: file or folder.
        playbooks: the folder whose ``group_vars`` and ``ansible.cfg`` apply.
        before: inventories with lower precedence.

    Raises:
        HostVariablesError: Ansible cannot read it.
    """
    program = Path(sys.executable).with_name("ansible-inventory")
    sources = [word for each in (*before, inventory) for word in ("--inventory", str(each))]
    command = [str(program), *sources, "--playbook-dir", str(playbooks), "--list"]
    ended = subprocess.run(
        command,
        env={**os.environ, "ANSIBLE_CONFIG": str(playbooks / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["no error message"]
        raise HostVariablesError(f"ansible-inventory cannot read it: {said[-1]}", where=str(inventory))
    document = json.loads(ended.stdout)
    hosts: dict[str, dict[str, Any]] = document["_meta"]["hostvars"]
    groups: dict[str, list[str]] = {name: [] for name in _members(document, "all")}
    for group in sorted(document.keys() - {"_meta", "all", "ungrouped"}):
        for name in _members(document, group):
            groups[name].append(group)
    return {name: {**hosts.get(name, {}), "group_names": members} for name, members in groups.items()}


def members(hosts: Mapping[str, Mapping[str, Any]], *groups: str) -> list[str]:
    """Names of the hosts that are in any of the groups, sorted; ``hosts`` from read_inventory()."""
    return sorted(name for name, variables in hosts.items() if not {*groups}.isdisjoint(variables["group_names"]))


def compute_nodes(
    hosts: Mapping[str, Mapping[str, Any]], roles: Iterable[NodeRole], names: Iterable[str] | None = None
) -> list[ComputeNode]:
    """The nodes that get a bundle: those with an entry ``compute`` in ``compute_init_enable``.

    Args:
        hosts: from read_inventory().
        roles: from `allowed.node_roles`.
        names: only these hosts; default: all.

    Raises:
        HostVariablesError: a node has no address, instance_id or image_id.
    """
    declared = list(roles)
    wanted = set(hosts) if names is None else set(names)
    by_entries: dict[tuple[str, ...], frozenset[str]] = {}
    nodes = []
    for name, variables in sorted(hosts.items()):
        entries = tuple(variables.get(ENTRIES) or ())
        if name not in wanted or "compute" not in entries:
            continue
        missing = [key for key in ("ansible_host", "instance_id", "image_id") if not variables.get(key)]
        if missing:
            raise HostVariablesError(
                f"has no {', '.join(missing)}", where=name, remedy="run pulumi up, which writes the inventory"
            )
        if entries not in by_entries:
            by_entries[entries] = allowed(declared, entries)
        nodes.append(
            ComputeNode(
                name=name,
                address=str(variables["ansible_host"]),
                instance_id=str(variables["instance_id"]),
                image_id=str(variables["image_id"]),
                variables=variables,
                allowed=by_entries[entries],
            )
        )
    return nodes


def _members(document: Mapping[str, Any], group: str) -> set[str]:
    entry = document.get(group, {})
    found = set(entry.get("hosts", ()))
    for child in entry.get("children", ()):
        found |= _members(document, child)
    return found
