"""Ansible's files on the deploy host, written by the stack: the inventory and the secrets.

Commands write them when they change, and their requests, which the state records, say nothing of the machine: a preview
on another machine has nothing to do. Each ``up`` writes what this machine does not have yet.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.command import module_command
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.engine.stand_in import stands_in
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars import users_file
from slurm_appliance.playbooks.inventory_file import INVENTORY
from slurm_appliance.secrets import generate as secrets
from slurm_appliance.site.inventory import Inventory, InventoryHost, InventorySubnet


@dataclass(frozen=True)
class EnvironmentArgs:
    """What an environment's files are written from.

    Attributes:
        config: the configuration.
        folder: where they are written.
        hosts: all nodes, by group.
        subnets: those of the cluster's networks.
        values: secrets by name.
        certificates: what all nodes trust besides the distribution's.
        locations: what is mounted of Manila's shares, by file system.
    """

    config: ClusterConfig
    folder: EnvironmentFolder
    hosts: Sequence[pulumi.Output[tuple[InventoryHost, ...]]]
    subnets: Sequence[InventorySubnet]
    values: Mapping[str, pulumi.Output[Any]]
    certificates: tuple[str, ...] = ()
    locations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Environment(pulumi.ComponentResource):
    """The two parts of the folder, each written when it changes.

    Attributes:
        inventory: the content of hosts.yml.
        digests: one digest per part; the one of the secrets is secret as well.
        written: the commands that write the parts.
        here: known when this machine has the files; in a preview at once, because it writes nothing.
    """

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Environment"), name, {}, opts)
        self._folder = args.folder

        def render(known: Sequence[Any]) -> str:
            groups, locations = known
            hosts = tuple(host for group in groups for host in group)
            return Inventory(args.config, hosts, tuple(args.subnets), args.certificates, locations).render()

        known = pulumi.Output.all(pulumi.Output.all(*args.hosts), pulumi.Output.from_input(dict(args.locations)))
        self.inventory: pulumi.Output[str] = known.apply(render)
        secret_file: pulumi.Output[str] = pulumi.Output.all(**args.values).apply(secrets.render)
        users = users_file.of_config(args.config)
        self.written = [
            self._part("inventory", {INVENTORY: self.inventory, users_file.NAME: users}),
            self._part("secrets", {secrets.FILE: secret_file}),
        ]
        self.here = self._on_this_machine(pulumi.Output.all(inventory=self.inventory, secrets=secret_file), users)
        self.digests = {
            "inventory": self.inventory.apply(lambda text: _digest(text + users)),
            "secrets": secret_file.apply(_digest),
        }
        self.register_outputs({})

    def _on_this_machine(self, content: pulumi.Output[Mapping[str, str]], users: str) -> pulumi.Output[None]:
        if pulumi.runtime.is_dry_run() or stands_in():
            return pulumi.Output.from_input(None)

        def write(texts: Mapping[str, str]) -> None:
            write_here(self._folder, texts["inventory"], users, texts["secrets"])

        return pulumi.Output.unsecret(content.apply(write))

    def _part(self, part: str, files: Mapping[str, pulumi.Input[str]]) -> pulumi.Resource:
        request = {"environment": self._folder.name, "part": part, "files": files}
        return module_command(part, "slurm_appliance.environment", self, request=request)


def write_here(folder: EnvironmentFolder, inventory: str, users: str, secret_file: str) -> None:
    """Write what this machine lacks of the files.

    Raises:
        pulumi.RunError: a file cannot be written.
    """
    try:
        folder.write("inventory", {INVENTORY: inventory, users_file.NAME: users})
        folder.write("secrets", {secrets.FILE: secret_file})
    except OSError as error:
        raise pulumi.RunError(f"cannot write the environment's files: {error}") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
