"""A configuration as plain values: for printing, for JSON, never with a secret in it."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from slurm_appliance.config.cluster import CHAPTERS, ClusterConfig
from slurm_appliance.config.naming import NodeKind, all_nodes, cluster_image
from slurm_appliance.config.secret import MASK, Secret
from slurm_appliance.config.section import Section, SectionOrText


def plain_value(value: Any) -> Any:
    """Mappings, lists, texts, numbers, true, false and None; secrets are masked."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Section):
        every = {name: plain_value(getattr(value, name)) for name in type(value).model_fields}
        # Of alternatives only the one that was taken means anything.
        return {k: v for k, v in every.items() if v is not None} if isinstance(value, SectionOrText) else every
    if isinstance(value, Mapping):
        return {key: plain_value(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [plain_value(entry) for entry in value]
    return value.value if isinstance(value, Enum) else value


def resolved(config: ClusterConfig) -> dict[str, Any]:
    """All settings with their values, defaults included, in the order of the chapters."""
    return {name: plain_value(getattr(config, name)) for chapter in CHAPTERS for name in chapter.model_fields}


def origins(value: Any, path: str = "", *, is_given: bool = True) -> Iterator[tuple[str, Any, bool]]:
    """Each single setting: its path, its plain value, and whether it was given; if not, it is a default."""
    if isinstance(value, Section):
        for name in type(value).model_fields:
            below = f"{path}.{name}" if path else name
            yield from origins(getattr(value, name), below, is_given=is_given and name in value.model_fields_set)
    elif isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from origins(entry, f"{path}.{key}", is_given=is_given)
    elif isinstance(value, tuple) and value and isinstance(value[0], Section):
        for number, entry in enumerate(value):
            yield from origins(entry, f"{path}[{number}]", is_given=is_given)
    else:
        yield path, plain_value(value), is_given


def given(value: Any) -> Any:
    """The settings that were given, as plain values, defaults and secrets left out."""
    if isinstance(value, Section):
        set_ = {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
        return {name: given(each) for name, each in set_.items() if not isinstance(each, Secret)}
    if isinstance(value, Mapping):
        return {key: given(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [given(entry) for entry in value]
    return plain_value(value)


def count_set(value: Any) -> int:
    """How many settings were given, not counting those that only hold others."""
    if isinstance(value, Section):
        return sum(count_set(getattr(value, name)) for name in value.model_fields_set)
    if isinstance(value, Mapping):
        return sum(map(count_set, value.values()))
    if isinstance(value, tuple) and value and isinstance(value[0], Section):
        return sum(map(count_set, value))
    return 1


def summary(config: ClusterConfig) -> dict[str, Any]:
    """What the configuration describes, in a few values: cluster, environment, image, networks, nodes by group."""
    nodes: dict[str, dict[str, int]] = {kind.value: {} for kind in NodeKind}
    for node in all_nodes(config):
        nodes[node.kind][node.group] = nodes[node.kind].get(node.group, 0) + 1
    return {
        "settings": count_set(config),
        "cluster": config.cluster_name,
        "environment": config.environment_name,
        "image": str(cluster_image(config)),
        "networks": [network.network for network in config.cluster_networks],
        "nodes": {kind: groups for kind, groups in nodes.items() if groups},
    }
