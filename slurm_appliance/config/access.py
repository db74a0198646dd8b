"""How the deploy host gets into the nodes."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from slurm_appliance.config.kinds import wrong
from slurm_appliance.config.policy import LIVE, REPLACE, RERUN_PLAYBOOK
from slurm_appliance.config.section import Section, SectionOrText
from slurm_appliance.config.values import Cidr, CloudName, FilePath, HostName, Port, SshPublicKey, UserName


class SshAccess(Section):
    """Logging in by ssh, through a bastion where there is one."""

    user: Annotated[UserName, LIVE] = Field("debian", description="User of the image that may become root.")
    port: Annotated[Port, LIVE] = Field(22, description="Port of the nodes' ssh server.")
    private_key_file: Annotated[FilePath | None, LIVE] = Field(
        None,
        description="Private key on the deploy host. Not set: the ssh agent's, or ssh's defaults.",
        examples=["~/.ssh/id_ed25519"],
    )
    bastion_host: Annotated[HostName | None, LIVE] = Field(
        None, description="Host to go through.", examples=["bastion.example.org"]
    )
    bastion_user: Annotated[UserName | None, LIVE] = Field(
        None, description="User on the bastion. Not set: the same as on the nodes.", examples=["operator"]
    )
    bastion_private_key_file: Annotated[FilePath | None, LIVE] = Field(
        None,
        description="Private key for the bastion. Not set: the same as for the nodes.",
        examples=["~/.ssh/bastion"],
    )


class KeyPair(SectionOrText):
    """The Nova key pair of all servers: an existing one by name, or one that is created from a public key."""

    name: Annotated[CloudName | None, REPLACE] = Field(
        None,
        description="Name of an existing key pair. With public_key: the name that the new one gets.",
        examples=["operators"],
    )
    public_key: Annotated[SshPublicKey | None, REPLACE] = Field(
        None,
        description="Public key to create the key pair from.",
        examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr operator"],
    )
    public_key_file: Annotated[FilePath | None, REPLACE] = Field(
        None,
        description="File with that public key: the same for every operator and runner.",
        examples=["~/.ssh/id_ed25519.pub"],
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_key(self) -> "KeyPair":
        if self.public_key is not None and self.public_key_file is not None:
            raise wrong("has two public keys", "set public_key or public_key_file, not both")
        if self.name is None and self.public_key is None and self.public_key_file is None:
            raise wrong("names no key", "give the name of an existing key pair, or public_key to create one")
        return self


class AccessConfig(Section):
    """Access."""

    key_pair: Annotated[KeyPair, REPLACE] = Field(
        description="Key pair of all servers: the name of an existing one, or {public_key: ...} or "
        "{public_key_file: ...} to create one.",
        examples=["operators"],
    )
    ssh: Annotated[SshAccess, RERUN_PLAYBOOK] = Field(
        SshAccess(), description="How the deploy host logs in to the nodes."
    )
    ssh_allowed_cidrs: Annotated[tuple[Cidr, ...], LIVE] = Field(
        ("0.0.0.0/0",),
        description="Networks that may reach login nodes by ssh, in the security group that is created.",
    )
    nonlogin_ssh_allowed_cidrs: Annotated[tuple[Cidr, ...] | None, LIVE] = Field(
        None,
        description="Networks that may reach all other nodes by ssh, in the security group that is created. Not set: "
        "none, and the deploy host goes through a login node; in a cluster without login nodes those of "
        "ssh_allowed_cidrs.",
        examples=[["192.0.2.0/24"]],
    )
