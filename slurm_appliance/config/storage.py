"""What outlives a node: the state volume of the control node and the home file system."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from node.compute_init.share import STATE_DIR
from slurm_appliance.config.policy import LIVE, REPLACE, RERUN_PLAYBOOK, RETYPED, Consequence
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import AbsolutePath, CloudName, Gigabytes, HostName, Line

_RESIZED = Consequence("A larger volume grows in place. A volume cannot shrink: a smaller size is refused.")
_NEVER_GIVEN_UP = Consequence(
    "Refused where the cluster made the volume itself: it is protected. To another volume, the control node is mounted "
    "anew; what is on the former one is not copied."
)
_BOOTS_WITH_IT = Consequence(
    "The control node is deleted and created anew: it boots with this. Its volumes stay, and are mounted at the new "
    "place; all nodes follow by site.yml."
)

_MOUNTED = Consequence(
    "site.yml runs again. The control node and login nodes mount home directories anew once nobody uses them there; "
    "each run names those that wait. Compute nodes do so at their next boot."
)


class StateProvisioning(StrEnum):
    """Whose volume it is."""

    MANAGE = "manage"
    ATTACH = "attach"


class HomeProvisioning(StrEnum):
    """Whose volume it is, or that there is none."""

    MANAGE = "manage"
    ATTACH = "attach"
    NONE = "none"


class HomeShare(Section):
    """How nodes get the home directories."""

    server: Annotated[HostName | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="NFS server. Not set: the control node, from its home volume.",
        examples=["nfs.example.org"],
    )
    export: Annotated[AbsolutePath, REPLACE, _BOOTS_WITH_IT] = Field(
        "/exports/home", description="Directory that the NFS server exports."
    )
    mount_point: Annotated[AbsolutePath, RERUN_PLAYBOOK, _MOUNTED] = Field("/home", description="Where nodes mount it.")
    mount_options: Annotated[tuple[Line, ...], RERUN_PLAYBOOK, _MOUNTED] = Field(
        ("rw", "nofail", "_netdev"), description="Mount options."
    )


class StorageConfig(Section):
    """Storage. Volumes that the cluster creates are protected, and stay when the cluster is destroyed."""

    state_dir: Annotated[AbsolutePath, REPLACE, _BOOTS_WITH_IT] = Field(
        STATE_DIR,
        description="Where the control node mounts the state volume: databases, Slurm's state, host keys, metrics.",
    )
    state_volume_provisioning: Annotated[StateProvisioning, REPLACE, _NEVER_GIVEN_UP] = Field(
        StateProvisioning.MANAGE,
        description="manage: created by us. attach: a volume CLUSTER-state exists already.",
    )
    state_volume_size: Annotated[Gigabytes, LIVE, _RESIZED] = Field(150, description="Size of the state volume in GB.")
    state_volume_type: Annotated[CloudName | None, LIVE, RETYPED] = Field(
        None, description="Type of the state volume. Not set: the cloud's default.", examples=["ssd"]
    )
    home_volume_provisioning: Annotated[HomeProvisioning, REPLACE, _NEVER_GIVEN_UP] = Field(
        HomeProvisioning.MANAGE,
        description="manage: created by us. attach: a volume CLUSTER-home exists already. none: no home volume on the "
        "control node.",
    )
    home_volume_size: Annotated[Gigabytes, LIVE, _RESIZED] = Field(100, description="Size of the home volume in GB.")
    home_volume_type: Annotated[CloudName | None, LIVE, RETYPED] = Field(
        None, description="Type of the home volume. Not set: the cloud's default.", examples=["ssd"]
    )
    home: Annotated[HomeShare, RERUN_PLAYBOOK] = Field(HomeShare(), description="How nodes get the home directories.")
