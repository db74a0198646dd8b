"""The volumes of the control node, which are kept when it is deleted: state and home directories."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_openstack import blockstorage, compute

from components import options
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.nodes import cloud_names
from slurm_appliance.preflight import Resolved


@dataclass(frozen=True)
class ControlVolume:
    """A volume that the control node mounts.

    Attributes:
        label: the label of its file system, and its name in URNs.
        mount_point: where it is mounted.
        volume_id: its id.
        size: in GB; None for a volume that is not created here.
    """

    label: str
    mount_point: str
    volume_id: pulumi.Input[str]
    size: int | None = None


class Storage(pulumi.ComponentResource):
    """The control node's volumes, created or existing."""

    volumes: tuple[ControlVolume, ...]

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        resolved: Resolved,
        opts: pulumi.ResourceOptions | None = None,
        *,
        secrets: Sequence[pulumi.Resource] = (),
        hooks: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        super().__init__(token("Storage"), name, {}, opts)
        self._secrets = secrets
        self._hooks = hooks
        self._resolved = resolved
        self._mark = cloud_names.mark(config)
        volumes = [
            self._volume(
                "state",
                config.state_dir,
                cloud_names.state_volume(config),
                config.state_volume_provisioning is StateProvisioning.MANAGE,
                config.state_volume_size,
                config.state_volume_type,
            )
        ]
        if config.home_volume_provisioning is not HomeProvisioning.NONE:
            volumes.append(
                self._volume(
                    "home",
                    config.home.export,
                    cloud_names.home_volume(config),
                    config.home_volume_provisioning is HomeProvisioning.MANAGE,
                    config.home_volume_size,
                    config.home_volume_type,
                )
            )
        self.volumes = tuple(volumes)
        self.register_outputs({})

    def _volume(
        self, label: str, mount_point: str, name: str, managed: bool, size: int, volume_type: str | None
    ) -> ControlVolume:
        if not managed:
            return ControlVolume(label, mount_point, self._resolved.volumes[name])
        volume = blockstorage.Volume(
            label,
            name=name,
            description=self._mark,
            size=size,
            volume_type=volume_type,
            enable_online_resize=True,
            opts=options.kept_options(self, depends_on=self._secrets, hooks=self._hooks),
        )
        return ControlVolume(label, mount_point, volume.id, size)

    @property
    def sizes(self) -> str:
        """The sizes of the volumes created here: when a volume grows, ``site.yml`` grows its file system."""
        return " ".join(f"{volume.label}={volume.size}" for volume in self.volumes if volume.size is not None)

    def attach(self, server: compute.Instance) -> tuple[compute.VolumeAttach, ...]:
        """Attach all volumes to the control node. They stay attached during a rebuild with another image."""
        return tuple(
            compute.VolumeAttach(
                volume.label,
                instance_id=server.id,
                volume_id=volume.volume_id,
                opts=options.attachment_options(self, server),
            )
            for volume in self.volumes
        )
