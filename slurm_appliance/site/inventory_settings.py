"""Settings of the configuration for the playbooks: an Ansible variable with the same name for each.

One rule for all: a setting that ``site.yml`` applies to a running cluster, according to the schema, is a variable,
unless it is or contains a secret. Secrets have a separate file.
"""

from collections.abc import Mapping
from typing import Any

from slurm_appliance.config import ClusterConfig, NodeKind, UpdatePolicy, boot_roles, partitions, slurm_options
from slurm_appliance.config.catalog import holds_secrets
from slurm_appliance.config.naming import ansible_group
from slurm_appliance.config.node_group import ComputeGroup, NodeGroupConfig
from slurm_appliance.config.section import field_shape, policy_of
from slurm_appliance.config.slurm import AuthType

#: Settings for the boot of servers that playbooks also use.
_ALSO_AT_BOOT = frozenset({"state_dir"})

#: Settings that are no variables. Those of the deploy host: ssh_options.py turns them into Ansible's own variables. And
#: users, who have a file of their own (hostvars/users_file.py). And certificates, which may be in files (Inventory).
_NO_VARIABLES = frozenset({"ssh", "users", "cacerts"})

#: Settings that are no variables where they are not set, so that the inventory of other clusters stays as it is.
_ONLY_IF_SET = frozenset(
    {
        "sysctl",
        "motd",
        "limits",
        "tuned_profile",
        "resolv_conf",
        "sshd",
        "monitoring_retention_size",
        "monitoring_alertmanagers",
    }
)


def playbook_settings(config: ClusterConfig) -> dict[str, Any]:
    """The settings that are variables of all nodes, by name; ``slurm_partitions`` includes the default partition."""
    names = [
        name
        for name, field in ClusterConfig.model_fields.items()
        if policy_of(field) is UpdatePolicy.RERUN_PLAYBOOK and not holds_secrets(field_shape(field))
    ]
    settings = config.model_dump(mode="json", include={*names, *_ALSO_AT_BOOT} - _NO_VARIABLES)
    named = {
        name: partition.model_copy(
            update={
                "groups": tuple(map(ansible_group, partition.groups)),
                "options": as_slurm_reads(slurm_options.PARTITIONS, partition.options),
            }
        )
        for name, partition in partitions(config).items()
    }
    settings["slurm"]["options"] = as_slurm_reads(slurm_options.CLUSTER, config.slurm.options)
    if config.slurm.topology is None:
        del settings["slurm"]["topology"]  # So that the inventory of other clusters stays as it is.
    # A variable of its own, because compute nodes get it.
    settings["slurm_auth_type"] = settings["slurm"].pop("auth_type")
    if config.slurm.auth_type is AuthType.MUNGE:
        del settings["slurm_auth_type"]  # So that the inventory of other clusters stays as it is.
    settings = {name: value for name, value in settings.items() if value or name not in _ONLY_IF_SET}
    # The roles' own names.
    resolver = settings.pop("resolv_conf", None) or {}
    settings |= {f"resolv_conf_{name}": value for name, value in resolver.items() if value}
    settings |= {f"sshd_{name}": value for name, value in (settings.pop("sshd", None) or {}).items() if value}
    if config.chrony_server_options == ("iburst",):
        del settings["chrony_server_options"]  # So that the inventory of other clusters stays as it is.
    partitions_ = {name: part.model_dump(mode="json") for name, part in named.items()}
    return settings | {"slurm_partitions": partitions_} | _proxy(config) | _identity(config)


def _proxy(config: ClusterConfig) -> dict[str, Any]:
    """The proxy without its login, which is in the file of secrets."""
    if config.proxy is None:
        return {}
    return {"proxy": {**config.proxy.addresses, "no_proxy": list(config.proxy.no_proxy)}}


def _identity(config: ClusterConfig) -> dict[str, Any]:
    """The directory without its password, which is in the file of secrets."""
    if config.identity is None:
        return {}
    found = config.identity.model_dump(mode="json", exclude={"bind_password", "ldap_schema", "type"})
    return {"identity": {**found, "schema": config.identity.schema_in_use.value}}


def group_settings(config: ClusterConfig, kind: NodeKind, name: str, group: NodeGroupConfig) -> dict[str, Any]:
    """The settings that are variables of one node group."""
    settings: dict[str, Any] = {"node_group": ansible_group(name)}
    if kind is NodeKind.COMPUTE and isinstance(group, ComputeGroup):
        settings["compute_init_enable"] = list(boot_roles(config, group))
        settings["ignore_image_changes"] = group.ignore_image_changes
        if name in config.slurm.nodegroups:
            node = config.slurm.nodegroups[name]
            options = as_slurm_reads(slurm_options.NODES, node.options)
            settings["slurm_node_options"] = node.model_dump(mode="json") | {"options": options}
    return settings


def as_slurm_reads(level: slurm_options.Level, options: Mapping[str, str]) -> dict[str, str]:
    """Options with Slurm's own spelling, so that each replaces its default; values with spaces are quoted."""
    return {
        level.canonical(option): f'"{value}"' if any(map(str.isspace, value)) else value
        for option, value in options.items()
    }
