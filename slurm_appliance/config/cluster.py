"""The whole configuration of one cluster."""

from slurm_appliance.config.access import Access
from slurm_appliance.config.cluster_secrets import Secrets
from slurm_appliance.config.features import Features
from slurm_appliance.config.image import Images
from slurm_appliance.config.names import Names
from slurm_appliance.config.network import Networks
from slurm_appliance.config.node_group import NodeGroups
from slurm_appliance.config.rollout import Rollouts
from slurm_appliance.config.section import Section
from slurm_appliance.config.slurm import SlurmChapter
from slurm_appliance.config.storage import Storage
from slurm_appliance.config.users import Users

#: The parts of the configuration in the order that they are explained in.
CHAPTERS: tuple[type[Section], ...] = (
    Names,
    Images,
    Networks,
    Access,
    NodeGroups,
    Storage,
    SlurmChapter,
    Users,
    Secrets,
    Features,
    Rollouts,
)


class ClusterConfig(
    Names, Images, Networks, Access, NodeGroups, Storage, SlurmChapter, Users, Secrets, Features, Rollouts
):
    """All settings of a cluster, as loaded and checked by ``from_stack_file`` or ``from_mapping``."""
