"""What the site's network and rules ask of every node's system."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import RERUN_PLAYBOOK, Consequence
from slurm_appliance.config.secret import Secret
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    CaCertificates,
    ChronyOption,
    DomainName,
    FileText,
    IpAddress,
    LimitItem,
    LimitValue,
    ProxyException,
    ProxyPassword,
    ProxyUser,
    SshPublicKey,
    SysctlName,
    SysctlValue,
    TunedProfile,
    Url,
    UserName,
)

#: Builds take it the next time that they run; it is no part of an image's content.
_ALSO_BUILDS = Consequence(
    "site.yml runs again, and compute nodes get it with it; image builds use it from then on. No image is built anew."
)


class ProxyConfig(Section):
    """A proxy between the cluster and the world outside."""

    http: Annotated[Url, RERUN_PLAYBOOK] = Field(
        description="Address for http, without a login.", examples=["http://proxy.example.org:3128"]
    )
    https: Annotated[Url | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Address for https. Not set: the same as http.",
        examples=["http://proxy.example.org:3128"],
    )
    no_proxy: Annotated[tuple[ProxyException, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="What is reached without it. The cluster's networks and nodes, localhost and the metadata service "
        "are in the list by themselves.",
        examples=[[".example.org", "192.0.2.0/24"]],
    )
    username: Annotated[ProxyUser | None, RERUN_PLAYBOOK] = Field(
        None, description="User name at the proxy.", examples=[{"secure": "v1:..."}]
    )
    password: Annotated[ProxyPassword | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Password at the proxy: for package managers and the RebootProgram, not for users' sessions.",
        examples=[{"secure": "v1:..."}],
    )

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses by protocol, without a login."""
        return {"http": self.http, "https": self.https or self.http}

    @property
    def addresses_with_login(self) -> dict[str, str] | None:
        """The same with the login; None where there is none, or where only Pulumi knows it."""
        if not (_known(self.username) and _known(self.password)):
            return None
        login = ":".join(quote(each.reveal(), safe="") for each in (self.username, self.password) if each is not None)
        return {name: address.replace("://", f"://{login}@", 1) for name, address in self.addresses.items()}

    @property
    def used_by_root(self) -> dict[str, str]:
        """The addresses with the login where it is known, for whoever may have it."""
        return self.addresses_with_login or self.addresses


def _known(secret: Secret | None) -> bool:
    return secret is not None and not secret.encrypted


class ResolverConfig(Section):
    """How nodes resolve names."""

    servers: Annotated[tuple[IpAddress, ...], RERUN_PLAYBOOK] = Field(
        description="Name servers, the first three of which are asked.", examples=[["192.0.2.53"]]
    )
    search: Annotated[tuple[DomainName, ...], RERUN_PLAYBOOK] = Field(
        (), description="Domains that are tried after names without a dot.", examples=[["hpc.example.org"]]
    )


class SshdConfig(Section):
    """What sshd asks of users on nodes that let them in: login and compute nodes."""

    allow_groups: Annotated[tuple[UserName, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="Groups whose members may log in, besides administrators. Not set: everybody.",
        examples=[["hpc-users"]],
    )
    trusted_user_ca: Annotated[tuple[SshPublicKey, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="Keys of authorities whose certificates let users in under the names in them.",
        examples=[["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr site-ca"]],
    )
    match: Annotated[FileText | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Match blocks for the end of sshd's configuration; each node tries them before it uses them.",
        examples=["Match Address 192.0.2.0/24\n    PasswordAuthentication yes\n"],
    )


class SystemConfig(Section):
    """System: what the site asks of every node."""

    proxy: Annotated[ProxyConfig | None, RERUN_PLAYBOOK, _ALSO_BUILDS] = Field(
        None,
        description="Proxy for packages, during image builds and on nodes, for users' sessions and for the "
        "RebootProgram's calls to the cloud. Not set: none.",
    )
    cacerts: Annotated[tuple[CaCertificates, ...], RERUN_PLAYBOOK, _ALSO_BUILDS] = Field(
        (),
        description="Certificates that all nodes trust, besides those of the distribution: each PEM text, or the path "
        "of a file on the deploy host. Image builds trust them while they run.",
        examples=[["certificates/site.pem"]],
    )
    sysctl: Annotated[Mapping[SysctlName, SysctlValue], Keyed("parameter", "vm.swappiness"), RERUN_PLAYBOOK] = Field(
        {},
        description="Kernel parameters of all nodes. One that is taken out keeps its value until the node reboots.",
        examples=[{"vm.swappiness": 10}],
    )
    limits: Annotated[Mapping[LimitItem, LimitValue], Keyed("limit", "memlock"), RERUN_PLAYBOOK] = Field(
        {},
        description="Limits of users' sessions and jobs on login and compute nodes, hard and soft. Slurm hands "
        "those of the session that submits a job on to it.",
        examples=[{"memlock": "unlimited"}],
    )
    resolv_conf: Annotated[ResolverConfig | None, RERUN_PLAYBOOK] = Field(
        None, description="Name servers of all nodes. Not set: those from DHCP."
    )
    chrony_server_options: Annotated[tuple[ChronyOption, ...], RERUN_PLAYBOOK] = Field(
        ("iburst",), description="Options of chrony_servers.", examples=[["iburst", "minpoll 4"]]
    )
    sshd: Annotated[SshdConfig | None, RERUN_PLAYBOOK] = Field(
        None, description="What sshd asks of users on login and compute nodes. Not set: a key of theirs."
    )
    tuned_profile: Annotated[TunedProfile | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Profile of tuned on compute nodes, which the image needs (extra_packages). Containers have none.",
        examples=["throughput-performance"],
    )
    motd: Annotated[FileText | None, RERUN_PLAYBOOK] = Field(
        None, description="Text that login nodes show to users who log in.", examples=["Help: hpc@example.org"]
    )
