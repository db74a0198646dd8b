"""Finds resources that a run would create although the project has them: the state is lost, wrong, or lacks them.

Nothing is ever adopted or deleted here: somebody who has the right state, or knows the owner, must decide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.naming import environment
from slurm_appliance.engine.recorded import Recorded
from slurm_appliance.engine.steps import (
    HOLDING_DATA,
    KEY_PAIR,
    NETWORK,
    PORT,
    ROUTER,
    SECURITY_GROUP,
    SERVER,
    SERVER_GROUP,
    SHARE,
    SUBNET,
    VOLUME,
)
from slurm_appliance.errors import Problem
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.data import data_holders, stored
from slurm_appliance.preflight.finder import Finder, Thing

#: The path of these problems, which are not in a setting.
STATE = "state"
_MOST_NAMES = 8

_KINDS = {
    NETWORK: "network",
    SUBNET: "subnet",
    ROUTER: "router",
    SECURITY_GROUP: "security group",
    KEY_PAIR: "key pair",
    SERVER_GROUP: "server group",
    **HOLDING_DATA,
    PORT: "port",
    SERVER: "server",
}
#: How to use what exists without making it one's own.
_DATA_REMEDIES = {
    VOLUME: "to use its data, set its provisioning to attach (for an extra volume, omit its size)",
    SHARE: "to use its data, name it with share, without create",
}


@dataclass(frozen=True)
class _There:
    """A resource in the project."""

    id: str
    name: str


def estranged(config: ClusterConfig, facts: CloudFacts, recorded: Recorded) -> Iterator[Problem]:
    """Why a state is not this cluster's: it belongs to another project, or is empty although the cluster exists."""
    project, mark = facts.access.project_id, environment(config)
    if recorded.projects and project and project not in recorded.projects:
        yield Problem(
            STATE,
            f"{recorded.where} records resources of project {', '.join(sorted(recorded.projects))}, but these "
            f"credentials are for project {project}",
            "use the credentials of that project (OS_CLOUD, OS_* variables, openstack:cloud), or another stack; if "
            f"that project was deleted: pulumi stack rm --force --stack {recorded.stack}",
        )
    mine = [server.name for server in facts.servers if server.environment == mark]
    if mine and not recorded.ids.get(SERVER):
        yield Problem(
            STATE,
            f"{recorded.where} records no server, but the project has {_counted('server', mine)} of environment {mark}",
            "check PULUMI_BACKEND_URL and `pulumi login`; if the state is lost, restore a copy (a file backend "
            "keeps copies in .pulumi/backups), or take the running servers into a new state: "
            f"{adoption_command(recorded.stack)}",
        )


def adoption_command(stack: str) -> str:
    """The command that takes existing resources into a stack's state."""
    return f"./slurm-appliance adopt --stack {stack}"


def check(
    config: ClusterConfig, groups: Sequence[Group], facts: CloudFacts, recorded: Recorded, finder: Finder
) -> None:
    """Compare the state with the project, before anything is created twice."""
    finder.problems += estranged(config, facts, recorded)
    marked = {server.id for server in facts.servers if server.environment == environment(config)}
    lost = bool(finder.problems)
    for type_, wanted in _wanted(config, groups).items():
        found = [
            there
            for there in _there(type_, facts)
            if there.name in wanted and not recorded.has(type_, there.id, there.name)
        ]
        if type_ == SERVER:
            # Other servers with these names are always rejected, whatever the state has.
            found = [] if lost else [there for there in found if there.id in marked]
        if found:
            _refuse(type_, found, recorded, finder, lost=lost)
    if not lost:
        _stray(config, groups, facts, recorded, finder)


def _refuse(type_: str, found: list[_There], recorded: Recorded, finder: Finder, *, lost: bool) -> None:
    kind = _KINDS[type_]
    shown = _counted(kind, [f"{there.name} ({there.id})" for there in found])
    if lost:
        remedy = "see above"
    elif recorded.interrupted:
        remedy = "an interrupted run left it: run `./slurm-appliance up` to fix it"
    else:
        remedy = (
            "if it belongs to this cluster, restore the state that records it, or take it into this one: "
            f"{adoption_command(recorded.stack)}; otherwise delete or rename it, or use another name in the "
            "configuration"
        )
    if type_ in HOLDING_DATA:
        remedy = f"{remedy}; {_DATA_REMEDIES[type_]}"
    finder.problem(
        STATE, f"the project has {shown}, which {recorded.where} does not record: up would create it again", remedy
    )


def _stray(
    config: ClusterConfig, groups: Sequence[Group], facts: CloudFacts, recorded: Recorded, finder: Finder
) -> None:
    """Note servers with our mark that are in neither the configuration nor the state: harmless, but not free."""
    names = {node.hostname for group in groups for node in group.nodes}
    known = recorded.ids.get(SERVER, frozenset())
    for server in facts.servers:
        if server.environment == environment(config) and server.name not in names and server.id not in known:
            finder.note(
                server.name,
                f"has the mark of environment {environment(config)} ({server.id}), but neither the configuration nor "
                f"{recorded.where} contains it",
                "delete it if it is not needed",
            )


def _counted(kind: str, names: list[str]) -> str:
    """A count, with the first names."""
    first = ", ".join(sorted(names)[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(names)} {kind}{'s' if len(names) > 1 else ''} ({first}{more})"


def _wanted(config: ClusterConfig, groups: Sequence[Group]) -> dict[str, set[str]]:
    """The names of what a run would create, by type."""
    found: dict[str, set[str]] = {type_: set() for type_ in _KINDS}
    for type_, name in _created(config, groups):
        found[type_].add(name)
    return found


def _created(config: ClusterConfig, groups: Sequence[Group]) -> Iterator[tuple[str, str]]:
    for network in config.cluster_networks:
        if network.create is not None:
            yield NETWORK, network.network
            yield SUBNET, network.subnet or network.network
            if network.create.external_network is not None:
                yield ROUTER, cloud_names.router(network.network)
    for which, given in (("login", config.login_security_groups), ("nonlogin", config.nonlogin_security_groups)):
        if given is None:
            yield SECURITY_GROUP, cloud_names.security_group(config, which)
    if config.key_pair.public_key is not None or config.key_pair.public_key_file is not None:
        yield KEY_PAIR, cloud_names.key_pair(config)
    yield from ((holder.type, holder.name) for holder in data_holders(config, groups))
    for name in config.server_groups:
        yield SERVER_GROUP, cloud_names.server_group(config, name)
    for group in groups:
        if group.own is not None and group.own.server_group_policy is not None:
            yield SERVER_GROUP, cloud_names.server_group(config, group.name)
        yield from ((PORT, cloud_names.port(*created)) for created in group.created_ports)
        for node in group.nodes:
            yield SERVER, node.hostname


def _there(type_: str, facts: CloudFacts) -> Iterator[_There]:
    """The project's resources of a type."""
    if type_ == KEY_PAIR:
        # A key pair's ID is its name.
        yield from (_There(name, name) for name in facts.key_pairs)
        return
    lists: dict[str, Sequence[Thing]] = {
        NETWORK: [network for network in facts.networks if not network.external],
        SUBNET: _own_subnets(facts),
        ROUTER: facts.routers,
        SECURITY_GROUP: facts.security_groups,
        SERVER_GROUP: facts.server_groups,
        **stored(facts),
        PORT: facts.ports,
        SERVER: facts.servers,
    }
    yield from (_There(thing.id, thing.name) for thing in lists[type_])


def _own_subnets(facts: CloudFacts) -> list[_There]:
    """Subnets of networks that may be the project's."""
    networks = {network.id for network in facts.networks if not network.external}
    return [_There(subnet.id, subnet.name) for subnet in facts.subnets if subnet.network_id in networks]
