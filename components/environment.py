"""Ansible's files on the deploy host, written by the stack: the inventory and the secrets."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.command import module_command
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars import users_file
from slurm_appliance.secrets import generate as secrets
from slurm_appliance.site.inventory import Inventory, InventoryHost, InventorySubnet

#: Paths of the files in the environment's folder.
INVENTORY = "inventory/hosts.yml"
SECRETS = "inventory/group_vars/all/secrets.yml"


@dataclass(frozen=True)
class EnvironmentArgs:
    """What an environment's files are written from.

    Attributes:
        config: the configuration.
        folder: where they are written.
        hosts: all nodes, by group.
        subnets: those of the cluster's networks.
        values: secrets by name.
    """

    config: ClusterConfig
    folder: EnvironmentFolder
    hosts: Sequence[pulumi.Output[tuple[InventoryHost, ...]]]
    subnets: Sequence[InventorySubnet]
    values: Mapping[str, pulumi.Output[Any]]


class Environment(pulumi.ComponentResource):
    """The two parts of the folder, each written when it changes.

    Attributes:
        inventory: the content of hosts.yml.
        digests: one digest per part; the one of the secrets is secret as well.
        written: the commands that write the parts.
    """

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Environment"), name, {}, opts)
        self._folder = args.folder

        def render(groups: Sequence[tuple[InventoryHost, ...]]) -> str:
            hosts = tuple(host for group in groups for host in group)
            return Inventory(args.config, hosts, tuple(args.subnets)).render()

        self.inventory: pulumi.Output[str] = pulumi.Output.all(*args.hosts).apply(render)
        secret_file: pulumi.Output[str] = pulumi.Output.all(**args.values).apply(secrets.render)
        users = users_file.of_config(args.config)
        self.written = [
            self._part("inventory", {INVENTORY: self.inventory, users_file.NAME: users}),
            self._part("secrets", {SECRETS: secret_file}),
        ]
        self.digests = {
            "inventory": self.inventory.apply(lambda text: _digest(text + users)),
            "secrets": secret_file.apply(_digest),
        }
        self.register_outputs({})

    def _part(self, part: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Resource:
        request = {
            "folder": str(self._folder.folder),
            "part": part,
            "token": self._folder.token(part),
            "files": files,
        }
        return module_command(part, "slurm_appliance.environment", self, request=request)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
