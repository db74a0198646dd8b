"""People on the cluster where no directory service knows them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import RERUN_PLAYBOOK
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import AbsolutePath, Flag, GroupId, Line, SlurmWord, SshPublicKey, UserId, UserName


class UserConfig(Section):
    """A user with the same numbers, and a group of the same name, on every node."""

    uid: Annotated[UserId, RERUN_PLAYBOOK] = Field(description="Number of the user.", examples=[2001])
    gid: Annotated[GroupId | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Number of the user's own group, or of a group that the image has. Not set: the uid.",
        examples=[2001],
    )
    comment: Annotated[Line | None, RERUN_PLAYBOOK] = Field(None, description="Full name.", examples=["Alice Example"])
    ssh_keys: Annotated[tuple[SshPublicKey, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="Public keys that may log in.",
        examples=[["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr alice"]],
    )
    shell: Annotated[AbsolutePath, RERUN_PLAYBOOK] = Field("/bin/bash", description="Login shell.")
    groups: Annotated[tuple[UserName, ...], RERUN_PLAYBOOK] = Field(
        (), description="Groups to add the user to; they must exist on the nodes.", examples=[["video"]]
    )
    sudo: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        False, description="May become root on every node, and has no shared home directory."
    )
    slurm_admin: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        False, description="Slurm administrator: may reboot nodes with srun --reboot, and manage accounts."
    )
    slurm_accounts: Annotated[tuple[SlurmWord, ...], RERUN_PLAYBOOK] = Field(
        (), description="Accounts to charge jobs to; the first is the default. None: users.", examples=[["physics"]]
    )


class Users(Section):
    """Users."""

    users: Annotated[Mapping[UserName, UserConfig], Keyed("user", "alice"), RERUN_PLAYBOOK] = Field(
        {},
        description="Users by login name. A user who is taken out is locked out everywhere; the home directory stays.",
    )
