"""The shares of Manila that the cluster creates, which are kept when it is deleted, and who may mount them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_openstack import sharedfilesystem

from components import options
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.filesystems import FileSystem, FileSystemType, ShareCreation
from slurm_appliance.config.mounted import share_name
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.share_clients import share_clients
from slurm_appliance.preflight import Resolved
from slurm_appliance.preflight.shares import PROTOCOLS


@dataclass(frozen=True)
class MadeShare:
    """A share that is created.

    Attributes:
        share_id: its id.
        location: what nodes mount.
        key: the key of its user, which is secret; None where access is by address.
        rules: its access rules.
    """

    share_id: pulumi.Output[str]
    location: pulumi.Output[str]
    key: pulumi.Output[str] | None = None
    rules: Sequence[pulumi.Resource] = field(default=())


class Shares(pulumi.ComponentResource):
    """The shares of all file systems with ``create``, by the name of the file system."""

    made: Mapping[str, MadeShare]

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        resolved: Resolved,
        subnets: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
        *,
        hooks: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """Create them.

        Args:
            name: the component's.
            config: the configuration.
            resolved: what the names in it stand for in this cloud.
            subnets: the ranges of the nodes' subnets, by network.
            opts: the component's.
            hooks: of what a protected environment keeps.
        """
        super().__init__(token("Shares"), name, {}, opts)
        self._config, self._resolved, self._subnets, self._hooks = config, resolved, subnets, hooks
        self.made = {
            filesystem: self._share(filesystem, each, each.create)
            for filesystem, each in config.filesystems.items()
            if each.create is not None
        }
        self.register_outputs({})

    def _share(self, name: str, filesystem: FileSystem, wanted: ShareCreation) -> MadeShare:
        network = wanted.share_network
        share = sharedfilesystem.Share(
            name,
            name=share_name(self._config, name, filesystem),
            description=cloud_names.mark(self._config),
            share_proto=PROTOCOLS[filesystem.type],
            size=wanted.size,
            share_type=wanted.share_type,
            share_network_id=self._resolved.share_networks[network] if network else None,
            availability_zone=wanted.availability_zone,
            opts=options.kept_options(self, timeouts=options.SHARE_TIMEOUTS, hooks=self._hooks),
        )
        location = share.export_locations.apply(_preferred)
        if filesystem.type is FileSystemType.CEPHFS:
            rule = self._rule(name, share, "cephx", filesystem.user or "", wanted)
            return MadeShare(share.id, location, pulumi.Output.secret(rule.access_key), [rule])
        rules = [
            self._rule(f"{name}.{label}", share, "ip", cidr, wanted)
            for label, cidr in share_clients(self._config, filesystem, self._subnets).items()
        ]
        return MadeShare(share.id, location, rules=rules)

    def _rule(
        self, name: str, share: sharedfilesystem.Share, kind: str, to: str, wanted: ShareCreation
    ) -> sharedfilesystem.ShareAccess:
        return sharedfilesystem.ShareAccess(
            name,
            share_id=share.id,
            access_type=kind,
            access_to=to,
            access_level=wanted.access_level.value,
            opts=options.access_options(self, share),
        )


def _preferred(locations: Sequence[Any] | None) -> str:
    """The export location that Manila prefers, as the preflight checks choose one of an existing share."""
    ordered = sorted(locations or (), key=lambda each: each.preferred != "true")
    return str(ordered[0].path) if ordered else ""
