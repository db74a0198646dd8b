"""The whole configuration of one cluster."""

from typing import Any

from pydantic import PrivateAttr

from slurm_appliance.config.access import AccessConfig
from slurm_appliance.config.cluster_secrets import SecretsConfig
from slurm_appliance.config.compute_init import own_entries_in
from slurm_appliance.config.features import Features
from slurm_appliance.config.filesystems import FileSystemsConfig
from slurm_appliance.config.identity import IdentityChapter
from slurm_appliance.config.image import ImageConfig
from slurm_appliance.config.names import Names
from slurm_appliance.config.network import NetworksConfig
from slurm_appliance.config.node_group import NodeGroupsConfig
from slurm_appliance.config.rollout import Rollouts
from slurm_appliance.config.section import Section
from slurm_appliance.config.slurm import SlurmChapter
from slurm_appliance.config.storage import StorageConfig
from slurm_appliance.config.system import SystemConfig
from slurm_appliance.config.users import Users

#: The parts of the configuration in the order that they are explained in.
CHAPTERS: tuple[type[Section], ...] = (
    Names,
    ImageConfig,
    NetworksConfig,
    AccessConfig,
    NodeGroupsConfig,
    StorageConfig,
    FileSystemsConfig,
    SlurmChapter,
    Users,
    IdentityChapter,
    SecretsConfig,
    Features,
    SystemConfig,
    Rollouts,
)


class ClusterConfig(
    Names,
    ImageConfig,
    NetworksConfig,
    AccessConfig,
    NodeGroupsConfig,
    StorageConfig,
    FileSystemsConfig,
    SlurmChapter,
    Users,
    IdentityChapter,
    SecretsConfig,
    Features,
    SystemConfig,
    Rollouts,
):
    """All settings of a cluster, as loaded and checked by ``from_stack_file`` or ``from_mapping``."""

    #: What roles of the site's own layer declare: no setting, but what compute_init_enable can have.
    _own_entries: tuple[str, ...] = PrivateAttr(())

    def model_post_init(self, context: Any, /) -> None:
        """Keep the site's own entries."""
        self._own_entries = own_entries_in(context)

    @property
    def own_entries(self) -> tuple[str, ...]:
        """The entries of ``compute_init_enable`` that the site's own roles declare."""
        return self._own_entries
