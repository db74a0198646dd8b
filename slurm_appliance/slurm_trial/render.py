"""Renders Slurm's files from a configuration with the roles' own templates, without a cluster."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from slurm_appliance.config import ClusterConfig, Node, NodeKind, control_node, group_nodes, node_groups
from slurm_appliance.config.naming import CONTROL
from slurm_appliance.site.inventory import Inventory, InventoryHost
from slurm_appliance.site.topology import VARIABLE, topology_conf
from toolchain.paths import REPOSITORY

_ANSIBLE = REPOSITORY / "ansible"
_ROLES = _ANSIBLE / "roles"
#: The trial's file with the settings that the others come from.
SOURCES = "sources.json"
#: An address from the range reserved for documentation.
_ADDRESS = "192.0.2.1"
#: Placeholder for the IDs of servers and images, which are not in Slurm's files.
_ID = "00000000-0000-0000-0000-000000000000"
#: Placeholder for the secret, whose value Slurm's daemons do not check.
_PASSWORD = "password"  # noqa: S105 - no password
#: Placeholder for the key: Slurm refuses an empty one.
_KEY = "a2V5" * 43


def slurm_files(config: ClusterConfig, version: str) -> dict[str, str]:
    """The files by name, including ``sources.json``, as ``site.yml`` copies them to the control node.

    Data known only in a running cluster are invented: addresses, and nodes with one processor and 1 GB.

    Args:
        config: the configuration.
        version: Slurm's version, which the files are for: ``24.11.5``.
    """
    hosts = tuple(_hosts(config))
    _load_plugins()
    return _render(config, hosts, version)


def _hosts(config: ClusterConfig) -> Iterator[InventoryHost]:
    network = config.cluster_networks[0].network

    def host(node: Node, kind: NodeKind, group: str) -> InventoryHost:
        return InventoryHost(
            node.fqdn.partition(".")[0], kind, group, node.fqdn, _ID, _ID, {network: _ADDRESS}, network
        )

    yield host(control_node(config), NodeKind.CONTROL, CONTROL)
    for kind, name, group in node_groups(config):
        for node in group_nodes(config, kind, name, group):
            yield host(node, kind, name)


@cache
def _load_plugins() -> None:
    """Load Ansible's plugins, including ours."""
    from ansible.plugins.loader import add_all_plugin_dirs, init_plugin_loader

    init_plugin_loader()
    add_all_plugin_dirs(str(_ANSIBLE))


def _render(config: ClusterConfig, hosts: tuple[InventoryHost, ...], version: str) -> dict[str, str]:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    tree = Inventory(config, hosts).tree()["all"]
    everywhere: Mapping[str, Any] = tree["vars"]
    hostvars: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    for name, group in tree["children"].items():
        groups[name] = list(group.get("hosts", {}))
        for host, variables in group.get("hosts", {}).items():
            hostvars[host] = {**everywhere, **group.get("vars", {}), **variables}
    control = groups[CONTROL][0]
    loader = DataLoader()
    loader.set_basedir(str(_ANSIBLE))
    defaults: dict[str, Any] = {}
    shared = sorted((_ANSIBLE / "group_vars" / "all").glob("*.yml"))
    for path in (*shared, *(_ROLES / role / "defaults" / "main.yml" for role in ("slurmdbd", "slurmctld"))):
        defaults |= loader.load_from_file(str(path), trusted_as_template=True)
    compute = everywhere["cluster_compute_groups"]
    variables = {
        **defaults,
        **hostvars[control],
        "groups": groups,
        "hostvars": hostvars,
        "group_names": [CONTROL, *(["rebuild"] if config.features.rebuild else [])],
        "reboot_cloud": {},
        "control_host": control,
        "control_address": _ADDRESS,
        "ansible_facts": {"virtualization_type": "kvm"},
        "slurmctld_release": version,
        "slurm_database_password": _PASSWORD,
        "munge_key": _KEY,
        VARIABLE: topology_conf({host.name: _ID for host in hosts if host.kind is NodeKind.COMPUTE}, {}),
        "slurmctld_facts": {group: {"processors": "CPUs=1", "memory_mb": 1024} for group in compute},
        # The search path of template lookups.
        "ansible_search_path": [str(_ROLES / role) for role in ("slurmctld", "slurmdbd")],
    }
    if config.slurm.accounting:
        variables["slurmdbd_conf"] = Templar(loader, variables).template(
            _template(_ROLES / "slurmdbd", "slurmdbd.conf.j2")
        )
    files = Templar(loader, variables).template(defaults["slurmctld_files"])
    sources = Templar(loader, variables).template(defaults["slurmctld_sources"])
    return {str(name): str(text) for name, text in files.items()} | {SOURCES: json.dumps(sources)}


def _template(role: Path, name: str) -> Any:
    from ansible.template import trust_as_template

    return trust_as_template((role / "templates" / name).read_text())
