"""A directory that knows the site's people."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import RERUN_PLAYBOOK
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    AbsolutePath,
    Flag,
    HomeTemplate,
    LdapDn,
    LdapFilter,
    LdapPassword,
    LdapUri,
    SlurmWord,
    SssdOption,
    SssdValue,
    UserName,
    VariableName,
)


class DirectoryType(StrEnum):
    """What kind of directory it is."""

    LDAP = "ldap"
    FREEIPA = "freeipa"


class LdapSchema(StrEnum):
    """How a directory keeps the members of groups (ldap_schema of sssd)."""

    RFC2307 = "rfc2307"
    RFC2307BIS = "rfc2307bis"
    IPA = "ipa"
    AD = "ad"


class IdentityConfig(Section):
    """Users of a directory, beside local ones."""

    type: Annotated[DirectoryType, RERUN_PLAYBOOK] = Field(
        DirectoryType.LDAP, description="ldap, or freeipa, which is asked over LDAP with its own schema."
    )
    uris: Annotated[tuple[LdapUri, ...], RERUN_PLAYBOOK] = Field(
        description="Servers; the next is used where one is away.", examples=[["ldaps://ldap.example.org"]]
    )
    base: Annotated[LdapDn, RERUN_PLAYBOOK] = Field(
        description="Where everything is in the directory.", examples=["dc=example,dc=org"]
    )
    user_base: Annotated[LdapDn | None, RERUN_PLAYBOOK] = Field(
        None, description="Where users are. Not set: anywhere below base.", examples=["ou=people,dc=example,dc=org"]
    )
    group_base: Annotated[LdapDn | None, RERUN_PLAYBOOK] = Field(
        None, description="Where groups are. Not set: anywhere below base.", examples=["ou=groups,dc=example,dc=org"]
    )
    ldap_schema: Annotated[LdapSchema | None, RERUN_PLAYBOOK] = Field(
        None,
        description="How members of groups are kept. Not set: rfc2307, and ipa for FreeIPA.",
        examples=["rfc2307bis"],
    )
    bind_dn: Annotated[LdapDn | None, RERUN_PLAYBOOK] = Field(
        None, description="Who asks. Not set: nobody, anonymously.", examples=["uid=slurm,cn=sysaccounts,dc=example"]
    )
    bind_password: Annotated[LdapPassword | None, RERUN_PLAYBOOK] = Field(
        None, description="Password of bind_dn.", examples=[{"secure": "v1:..."}]
    )
    start_tls: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True,
        description="Encrypt connections of ldap:// servers. Certificates are checked by the system's and cacerts.",
    )
    access_groups: Annotated[tuple[UserName, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="Groups of the directory whose members may use the cluster. They get home directories on the home "
        "volume, and associations in Slurm's accounting.",
        examples=[["hpc-users"]],
    )
    access_filter: Annotated[LdapFilter | None, RERUN_PLAYBOOK] = Field(
        None,
        description="LDAP filter of the users who may.",
        examples=["(memberOf=cn=hpc,ou=groups,dc=example,dc=org)"],
    )
    slurm_account: Annotated[SlurmWord, RERUN_PLAYBOOK] = Field(
        "users", description="Account in Slurm that jobs of access_groups' members are charged to."
    )
    home_directory: Annotated[HomeTemplate | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Where users' home directories are, whatever the directory says; %u is the user. Not set: as the "
        "directory says, or below home.mount_point.",
        examples=["/home/%u"],
    )
    shell: Annotated[AbsolutePath, RERUN_PLAYBOOK] = Field(
        "/bin/bash", description="Login shell of users whom the directory gives none."
    )
    ssh_keys: Annotated[VariableName | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Attribute with users' ssh keys. Not set: users have keys in their home directories only.",
        examples=["sshPublicKey"],
    )
    options: Annotated[Mapping[SssdOption, SssdValue], Keyed("option", "ldap_user_name"), RERUN_PLAYBOOK] = Field(
        {},
        description="More options of the domain in sssd.conf; they go before all others.",
        examples=[{"ldap_user_name": "uid"}],
    )

    @property
    def schema_in_use(self) -> LdapSchema:
        """How members of groups are kept."""
        if self.ldap_schema is not None:
            return self.ldap_schema
        return LdapSchema.IPA if self.type is DirectoryType.FREEIPA else LdapSchema.RFC2307


class IdentityChapter(Section):
    """Directory: users whom a directory service knows."""

    identity: Annotated[IdentityConfig | None, RERUN_PLAYBOOK] = Field(
        None, description="Users of a directory service, by sssd. Not set: users alone."
    )
