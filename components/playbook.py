"""``site.yml`` as a resource: it runs only when servers, settings, secrets or playbooks change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_command import local

from components.command import module_command
from components.kind import token
from slurm_appliance.deploy_host.tree_digest import tree_digest
from slurm_appliance.engine.stand_in import stands_in
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.site.inventory import InventoryHost
from slurm_appliance.site_layer.layers import DIGEST_VARIABLE
from slurm_appliance.ssh.known_keys import KnownKeys
from slurm_appliance.ssh.recorded_keys import take_over
from toolchain.paths import REPOSITORY

#: All playbooks and roles: a change in any of them is a reason to run.
ANSIBLE = REPOSITORY / "ansible"


@dataclass(frozen=True)
class SiteArgs:
    """What a run of ``site.yml`` depends on.

    Attributes:
        folder: the folder of inventory, secrets and logs.
        here: known when the folder has its files on this machine.
        hosts: the nodes that the deploy host connects to, by group.
        reasons: what the run depends on besides the playbooks, by name: digests, IDs.
        layer_digest: the digest of the site's own layer; None without one.
        depends_on: resources that must exist first.
        ssh_port: port of the nodes' ssh servers.
    """

    folder: EnvironmentFolder
    here: pulumi.Output[None]
    hosts: Sequence[pulumi.Output[tuple[InventoryHost, ...]]]
    reasons: Mapping[str, pulumi.Input[str]]
    depends_on: Sequence[pulumi.Resource]
    ssh_port: int
    layer_digest: str | None = None


class Site(pulumi.ComponentResource):
    """One playbook run over the whole cluster.

    Attributes:
        result: the JSON summary that the run prints at its end.
    """

    result: pulumi.Output[str]

    def __init__(self, name: str, args: SiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Site"), name, {}, opts)
        self._args = args
        self._cloud = pulumi.Config("openstack").get("cloud")
        keys = self._host_keys()
        request: dict[str, Any] = {
            "environment": args.folder.name,
            "playbook": "site.yml",
            "extra_vars": {},
            "cloud": self._cloud,
        }
        command = module_command(
            name,
            "slurm_appliance.site_run",
            self,
            request=pulumi.Output.all(args.here, self._known_here(keys)).apply(lambda _: request),
            environment={
                "SLURM_APPLIANCE_PLAYBOOKS": tree_digest(ANSIBLE),
                **{f"SLURM_APPLIANCE_{word.upper()}": value for word, value in args.reasons.items()},
                **({DIGEST_VARIABLE: args.layer_digest} if args.layer_digest else {}),
            },
            depends_on=[*args.depends_on, keys],
        )
        self.result = command.stdout
        self.register_outputs({})

    def _known_here(self, keys: local.Command) -> pulumi.Output[None]:
        """Known when this machine knows the recorded host keys; in a preview at once, because it writes nothing."""
        if pulumi.runtime.is_dry_run() or stands_in():
            return pulumi.Output.from_input(None)
        known = KnownKeys(self._args.folder.known_hosts)

        def learn(recorded: str) -> None:
            take_over(recorded, known)

        return keys.stdout.apply(learn)

    def _host_keys(self) -> local.Command:
        """Read the host keys of new servers from their consoles, before anything connects to them."""

        def request(known: Sequence[tuple[InventoryHost, ...]]) -> dict[str, Any]:
            return {
                "environment": self._args.folder.name,
                "cloud": self._cloud,
                "hosts": [
                    {
                        "name": host.name,
                        "address": host.addresses[host.access_network],
                        "port": self._args.ssh_port,
                        "instance_id": host.instance_id,
                        "image_id": host.image_id,
                    }
                    for group in known
                    for host in group
                ],
            }

        wanted: pulumi.Output[Mapping[str, Any]] = pulumi.Output.all(*self._args.hosts).apply(request)
        return module_command(
            "host-keys",
            "slurm_appliance.console_keys",
            self,
            request=wanted,
            recalls=True,
            depends_on=self._args.depends_on,
        )
