"""Secrets that may be given instead of generated."""

from typing import Annotated

from pydantic import Field

from slurm_appliance.config.policy import RERUN_PLAYBOOK
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import DatabasePassword, MonitoringPassword, MungeKey, Password, SigningKey

_EXAMPLE = [{"secure": "v1:..."}]


class GivenSecrets(Section):
    """Each of these is generated once and kept, encrypted, by the stack, unless it is given here."""

    munge_key: Annotated[MungeKey | None, RERUN_PLAYBOOK] = Field(
        None, description="Key that Slurm's daemons trust each other by, in base64.", examples=_EXAMPLE
    )
    bundle_signing_key: Annotated[SigningKey | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Key that compute nodes' bundles are signed with, base64 of 32 random bytes.",
        examples=_EXAMPLE,
    )
    mariadb_root_password: Annotated[Password | None, RERUN_PLAYBOOK] = Field(
        None, description="Password of MariaDB's root.", examples=_EXAMPLE
    )
    slurm_database_password: Annotated[DatabasePassword | None, RERUN_PLAYBOOK] = Field(
        None, description="Password of slurmdbd at MariaDB.", examples=_EXAMPLE
    )
    monitoring_password: Annotated[MonitoringPassword | None, RERUN_PLAYBOOK] = Field(
        None, description="Password of the monitoring pages.", examples=_EXAMPLE
    )


class SecretsConfig(Section):
    """Secrets. Set them with pulumi config set --secret --path secrets.NAME, so that the file holds them encrypted."""

    secrets: Annotated[GivenSecrets, RERUN_PLAYBOOK] = Field(
        GivenSecrets(), description="Secrets that are given instead of generated."
    )
