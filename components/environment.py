"""Ansible's files on the deploy host, written by the stack: the inventory and the secrets."""

import hashlib
from collections.abc import Mapping, Sequence
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


class Environment(pulumi.ComponentResource):
    """The two parts of the folder, each written when it changes.

    Attributes:
        inventory: the content of hosts.yml.
        digests: one digest per part; the one of the secrets is secret as well.
        written: the commands that write the parts.
    """

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        folder: EnvironmentFolder,
        hosts: Sequence[pulumi.Output[tuple[InventoryHost, ...]]],
        subnets: Sequence[InventorySubnet],
        values: Mapping[str, pulumi.Output[Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(token("Environment"), name, {}, opts)
        self._folder = folder

        def render(groups: Sequence[tuple[InventoryHost, ...]]) -> str:
            return Inventory(config, tuple(host for group in groups for host in group), tuple(subnets)).render()

        self.inventory: pulumi.Output[str] = pulumi.Output.all(*hosts).apply(render)
        secret_file: pulumi.Output[str] = pulumi.Output.all(**values).apply(secrets.render)
        users = users_file.of_config(config)
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
