"""Checks existing servers: ours, others with the same name, and those that cannot be changed now."""

from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.naming import environment
from slurm_appliance.nodes.groups import Group, configured_by_site
from slurm_appliance.nodes.user_data import is_known
from slurm_appliance.preflight.finder import Finder

#: States in which the OpenStack provider cannot read a server: it ends the whole update with "Invalid power_state".
UNREADABLE = frozenset(
    {"REBUILD", "REBOOT", "HARD_REBOOT", "RESCUE", "SUSPENDED", "PASSWORD", "RESIZE", "VERIFY_RESIZE"}
)


def ours(config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> dict[str, ServerFacts]:
    """The environment's servers by name; other servers with these names are problems."""
    by_name: dict[str, list[ServerFacts]] = {}
    for server in facts.servers:
        by_name.setdefault(server.name, []).append(server)
    mine = environment(config)
    found: dict[str, ServerFacts] = {}
    for group in groups:
        path = group.at("nodes") if group.path else "cluster_name"
        for node in group.nodes:
            same = by_name.get(node.hostname, [])
            foreign = [server for server in same if server.environment != mine]
            for server in foreign:
                if server.reference and not server.environment:
                    what = f"a server {node.hostname} already exists ({server.id}); the reference appliance made it"
                    remedy = "take it over: ./slurm-appliance adopt --stack NAME; or choose another cluster_name"
                    finder.problem(path, what, remedy)
                    continue
                owner = f"environment {server.environment}" if server.environment else "an unknown owner"
                what = f"a server {node.hostname} already exists ({server.id}); it belongs to {owner}"
                finder.problem(path, what, "choose another cluster_name or node name, or delete that server")
            own = [server for server in same if server.environment == mine]
            if len(own) > 1:
                ids = ", ".join(sorted(server.id for server in own))
                remedy = "delete those that no state records: see 'pulumi stack --show-ids'"
                finder.problem(path, f"{len(own)} of our servers have the name {node.hostname}: {ids}", remedy)
            elif own:
                found[node.hostname] = own[0]
    return found


def unreadable(servers: Iterable[ServerFacts], finder: Finder) -> None:
    """Notes about servers on which an update would fail if it had to read them."""
    for server in servers:
        if server.status in UNREADABLE:
            finder.note(
                server.name,
                f"is in state {server.status} and cannot be changed now",
                "if this run has to change it, wait until it is ACTIVE",
            )


def broken(groups: Iterable[Group], own: Mapping[str, ServerFacts], finder: Finder) -> None:
    """Notes about servers in an error: a rebuild that failed on the hypervisor leaves the new image's ID and no system.

    Slurm rebuilds its compute nodes again at their next reboot.
    """
    nodes = configured_by_site(groups)
    for name, server in own.items():
        if name in nodes and server.status == "ERROR" and not server.failed:
            finder.note(
                server.name,
                "is in state ERROR: its last rebuild may have failed, and up does not repeat it",
                f"see openstack server show {server.id}; if it runs, openstack server set --state active {server.id}; "
                f"if not, openstack server delete {server.id}, and up creates and configures it anew: volumes and "
                "addresses stay, its root disk does not",
            )


def user_data(servers: Iterable[ServerFacts], finder: Finder) -> None:
    """Check for servers with user data of a newer slurm-appliance, which this one would replace."""
    for server in servers:
        if not is_known(server):
            finder.problem(
                server.name,
                f"has user data of version {server.user_data_version}, which this slurm-appliance does not support",
                "use the slurm-appliance that created the server, or a newer one",
            )
