"""What runs on the cluster besides Slurm."""

from typing import Annotated

from pydantic import Field

from slurm_appliance.config.policy import RERUN_PLAYBOOK
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import Flag, FollowSeconds, HostName, Retention, RetentionSize, Seconds, Url


class FeatureSwitches(Section):
    """Features, on or off."""

    rebuild: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="Slurm re-images nodes when it reboots them: puts control into the inventory group rebuild."
    )
    monitoring: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="Prometheus on the control node, exporters on all nodes, alerts and pages."
    )
    nhc: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="Health checks that drain a compute node that fails."
    )
    pam_slurm: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="Users get into a compute node by ssh only while they have a job there."
    )
    hpctests: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="MPI, HPL and memory runs among the acceptance tests; off where images have no MPI."
    )


class Features(Section):
    """Features."""

    features: Annotated[FeatureSwitches, RERUN_PLAYBOOK] = Field(FeatureSwitches(), description="Features, on or off.")
    monitoring_retention: Annotated[Retention, RERUN_PLAYBOOK] = Field(
        "30d", description="How long Prometheus keeps its data."
    )
    monitoring_retention_size: Annotated[RetentionSize | None, RERUN_PLAYBOOK] = Field(
        None,
        description="How large Prometheus's data may become: the oldest goes first. Not set: any size.",
        examples=["20GB"],
    )
    monitoring_alertmanagers: Annotated[tuple[Url, ...], RERUN_PLAYBOOK] = Field(
        (),
        description="The site's Alertmanagers, which Prometheus sends its alerts to.",
        examples=[["https://alerts.example.org:9093"]],
    )
    chrony_servers: Annotated[tuple[HostName, ...], RERUN_PLAYBOOK] = Field(
        (), description="Time servers. None: those of the image.", examples=[["ntp.example.org"]]
    )
    ansible_init_wait: Annotated[Seconds, RERUN_PLAYBOOK] = Field(
        300, description="Seconds that site.yml waits for a node's ansible-init to end."
    )
    compute_follow_seconds: Annotated[FollowSeconds, RERUN_PLAYBOOK] = Field(
        5, description="Longest time in seconds until a running compute node notices that its settings changed."
    )
