"""Every setting has an effect, and its update policy is true of the servers."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.cluster import Cluster
from slurm_appliance.config import ClusterConfig, UpdatePolicy
from slurm_appliance.config.catalog import Setting, settings
from slurm_appliance.config.section import shape_of
from slurm_appliance.hostvars import users_file
from slurm_appliance.image.settings import from_settings
from slurm_appliance.nodes.groups import groups
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.site.filesystems import keys
from slurm_appliance.site.inventory import Inventory
from slurm_appliance.site_layer.layers import ImageLayer
from slurm_appliance.ssh.options import connection_variables, options
from tests.unit.clouds import cloud
from tests.unit.components.clusters import COMPUTE, LOGIN, arguments, configured
from tests.unit.components.recorder import Record, record
from tests.unit.slurm_appliance.config.leaf import INSTANCE, Leaf, merged
from tests.unit.slurm_appliance.config.leaves import LEAVES
from toolchain.paths import REPOSITORY

#: Keys of the operator's choice in a path, and those that the tests have in their place.
KEYS = {
    "login": "entry",
    "compute": "general",
    "additional_nodegroups": "squid",
    "users": "alice",
    "image_builds": "fat",
    "filesystems": "scratch",
    "control_extra_volumes": "scratch",
    "server_groups": "infra",
}
OTHER_KEYS = {
    "<volume>": "scratch",
    "<repository>": "main",
    "<partition>": "b",
    "<group>": "general",
    "<qos>": "long",
    "<account>": "physics",
}

BASE = {
    "login": {"entry": LOGIN},
    "compute": {"general": COMPUTE},
    "additional_nodegroups": {"squid": {"nodes": ["squid-0"], "flavor": "m1.small"}},
    "cluster_networks": [{"network": "cluster"}],
}

#: Inputs of a server that OpenStack takes at its creation only: another value is another server.
AT_CREATION = {"availabilityZone", "blockDevices", "configDrive", "keyPair", "networks", "schedulerHints", "userData"}


def is_leaf(setting: Setting) -> bool:
    shape = setting.shape
    return shape.is_single or (shape.items is not None and shape_of(shape.items).section is None)


SETTINGS = {setting.path: setting for setting in settings() if is_leaf(setting)}


def test_every_leaf_of_the_schema_has_an_entry() -> None:
    assert set(LEAVES) == set(SETTINGS)


def changed(path: str, leaf: Leaf) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings without and with the change."""
    before = merged(BASE, leaf.given)
    group = path.split(".")[0]
    if group in KEYS and group not in (
        "users",
        "image_builds",
        "filesystems",
        "control_extra_volumes",
        "server_groups",
    ):
        before = merged(before, _own_nodes(group))
    return before, with_value(before, keys_of(path), leaf.value)


def keys_of(path: str) -> list[Any]:
    """The keys that lead to a setting, with the tests' own in place of the operator's; -1 for the last of a list."""
    pieces = [piece for word in path.split(".") for piece in re.findall(r"<\w+>|\w+|\[\]", word)]
    keys: list[Any] = []
    for piece in pieces:
        if piece == "[]":
            keys.append(-1)
        elif piece.startswith("<"):
            keys.append(KEYS.get(keys[-1]) if len(keys) == 1 else OTHER_KEYS[piece])
        else:
            keys.append(piece)
    return keys


def _own_nodes(group: str) -> dict[str, Any]:
    """Two nodes for the group in question, which the example cloud has bare-metal nodes for."""
    nodes: dict[str, Any] = {
        kind: {KEYS[kind]: {"nodes": [f"{kind[:3]}-0"]}} for kind in ("login", "compute", "additional_nodegroups")
    }
    return {**nodes, group: {KEYS[group]: {"nodes": ["c-[0-1]"]}}}


def with_value(tree: Any, keys: list[Any], value: Any) -> Any:
    """A tree with another value in one place."""
    if not keys:
        return value
    if keys[0] == -1:
        return [*tree[:-1], with_value(tree[-1], keys[1:], value)]
    return {**(tree or {}), keys[0]: with_value((tree or {}).get(keys[0]), keys[1:], value)}


def load(settings_: dict[str, Any]) -> ClusterConfig:
    given = {name: value for name, value in settings_.items() if value != {} or name != "cluster_image"}
    builds = given.get("image_builds", {}).items()
    given["image_builds"] = {
        name: {**build, "base_image": build["base_image"] or "debian-12"} for name, build in builds
    }
    return configured(**given)


@cache
def _program(place: Path) -> str:
    files = place.rglob("*") if place.is_dir() else [place]
    return "\n".join(path.read_text() for path in files if path.is_file() and path.suffix in (".yml", ".j2", ".py"))


#: By what was recorded: most settings are compared with the same cluster.
_RECORDED: dict[str, dict[tuple[str, str], Record]] = {}


def resources(config: ClusterConfig) -> dict[tuple[str, str], Record]:
    """The resources of a cluster by type and name."""
    # Secrets are not in the configuration's repr.
    known = repr(
        (
            config,
            config.proxy and config.proxy.addresses_with_login,
            keys(config, {}),
            config.identity and config.identity.bind_password and config.identity.bind_password.reveal(),
        )
    )
    if known not in _RECORDED:
        _RECORDED[known] = _recorded(config)
    return _RECORDED[known]


def _recorded(config: ClusterConfig) -> dict[tuple[str, str], Record]:
    manages = {config.state_volume_provisioning.value, config.home_volume_provisioning.value} == {"manage"}
    facts = cloud(volumes=()) if manages else cloud()
    made = record(lambda: Cluster("cluster", arguments(config, facts))).records
    return {(each.type, each.name): each for each in made}


def observed(place: str, config: ClusterConfig) -> Any:
    """What is looked at in a place."""
    if place.startswith("inventory secrets:"):
        return [str(each.inputs) for each in resources(config).values()]
    if place.startswith("inventory:"):
        return Inventory(config, ()).tree()
    if place == "users":
        return users_file.of_config(config)
    if place == "ssh":
        return options(config.ssh, "known_hosts"), connection_variables(config.ssh)
    if place == "build":
        build = from_settings(config, "fat", "base", layer=ImageLayer("demo", "0"))
        return build, config.image_builds["fat"].ssh and options(config.image_builds["fat"].ssh, "x")
    if place == "group":
        return {group.name: (group.image, group.networks) for group in groups(config)}, config.image_builds
    if place == "rollout":
        return Policy.of(config.rollout, 100, 60)
    return {
        key: (each.inputs, each.ignore_changes) for key, each in resources(config).items() if key[0].endswith(place)
    }


@pytest.mark.parametrize("path", LEAVES)
def test_it_shows(path: str) -> None:
    leaf = LEAVES[path]
    if leaf.place.startswith("code:"):
        _, file, text = leaf.place.split(": ", 2)
        assert text in _program(REPOSITORY / file)
        return
    before, after = (load(each) for each in changed(path, leaf))
    assert before != after
    assert observed(leaf.place, before) != observed(leaf.place, after)
    if leaf.place.startswith("inventory"):
        assert leaf.place.split(": ", 1)[1] in _program(REPOSITORY / "ansible"), "no playbook and no role reads it"


@pytest.mark.parametrize("path", [path for path, leaf in LEAVES.items() if leaf.place == INSTANCE])
def test_a_policy_does_not_hide_that_servers_are_replaced(path: str) -> None:
    before, after = (resources(load(each)) for each in changed(path, LEAVES[path]))
    replaced = {
        name
        for (type_, name), record_ in before.items()
        if type_.endswith(INSTANCE) and (type_, name) in after
        for key in AT_CREATION
        if record_.inputs.get(key) != after[type_, name].inputs.get(key)
    }
    if replaced:
        assert SETTINGS[path].policy is UpdatePolicy.REPLACE
