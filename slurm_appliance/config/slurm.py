"""What goes into slurm.conf, and how Slurm reboots and rebuilds nodes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import RERUN_PLAYBOOK
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    DeviceFiles,
    FileText,
    Flag,
    GroupName,
    Megabytes,
    Parallelism,
    PartitionName,
    Percent,
    SlurmFileName,
    SlurmOption,
    SlurmSeconds,
    SlurmTime,
    SlurmValue,
    SlurmWord,
)

#: The partition over all compute groups that a cluster gets where no partitions are set.
DEFAULT_PARTITION = "batch"


class GresDetection(StrEnum):
    """How slurmd finds a node's generic resources."""

    OFF = "off"
    NVML = "nvml"
    NVIDIA = "nvidia"
    RSMI = "rsmi"
    ONEAPI = "oneapi"
    NRT = "nrt"


class PartitionState(StrEnum):
    """State of a partition."""

    UP = "UP"
    DOWN = "DOWN"
    DRAIN = "DRAIN"
    INACTIVE = "INACTIVE"


class PrivateData(StrEnum):
    """What Slurm shows a user of others. Not nodes: sinfo would show users nothing, the RebootProgram neither."""

    ACCOUNTS = "accounts"
    JOBS = "jobs"
    RESERVATIONS = "reservations"
    USAGE = "usage"
    USERS = "users"


class AccountingEnforcement(StrEnum):
    """What a job must have in the accounting before it may start."""

    ASSOCIATIONS = "associations"
    LIMITS = "limits"
    QOS = "qos"
    SAFE = "safe"
    WCKEYS = "wckeys"


class AuthType(StrEnum):
    """How Slurm's daemons and commands trust each other (AuthType, CredType)."""

    MUNGE = "munge"
    SLURM = "slurm"


SlurmOptions = Annotated[Mapping[SlurmOption, SlurmValue], Keyed("option", "Weight")]


class Partition(Section):
    """A queue over the nodes of some compute groups."""

    groups: Annotated[tuple[GroupName, ...], RERUN_PLAYBOOK] = Field(
        description="Compute groups whose nodes belong to it.", examples=[["general"]]
    )
    default: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        False, description="Where jobs go that name no partition. One partition has it; a single one needs not say so."
    )
    max_time: Annotated[SlurmTime, RERUN_PLAYBOOK] = Field("60-0", description="Longest time limit of a job.")
    state: Annotated[PartitionState, RERUN_PLAYBOOK] = Field(PartitionState.UP, description="State of the partition.")
    options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {}, description="More partition options of slurm.conf.", examples=[{"OverSubscribe": "EXCLUSIVE"}]
    )


class ComputeNodeOptions(Section):
    """What Slurm knows of a compute group's nodes beyond what their facts say."""

    features: Annotated[tuple[SlurmWord, ...], RERUN_PLAYBOOK] = Field(
        (), description="Features that jobs can ask for with --constraint.", examples=[["avx512"]]
    )
    gres: Annotated[tuple[SlurmWord, ...], RERUN_PLAYBOOK] = Field(
        (), description="Generic resources, as in Gres= of slurm.conf.", examples=[["gpu:a100:4"]]
    )
    gres_autodetect: Annotated[GresDetection, RERUN_PLAYBOOK] = Field(
        GresDetection.OFF,
        description="How slurmd finds them (AutoDetect of gres.conf). off: by their device files, see gres_files. What "
        "it can find depends on how the image's Slurm was built.",
    )
    gres_files: Annotated[Mapping[SlurmWord, DeviceFiles], Keyed("resource", "gpu:a100"), RERUN_PLAYBOOK] = Field(
        {},
        description="Device files by resource or resource:type, as in File= of gres.conf. GPUs have /dev/nvidia0 and "
        "so on where nothing is given; other resources are only counted.",
        examples=[{"gpu:a100": "/dev/nvidia[0-3]"}],
    )
    memory_percent: Annotated[Percent, RERUN_PLAYBOOK] = Field(
        95, description="Share of a node's memory that jobs can have."
    )
    memory_mb: Annotated[Megabytes | None, RERUN_PLAYBOOK] = Field(
        None, description="Memory that jobs can have, in MB; goes before memory_percent.", examples=[180000]
    )
    options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {}, description="More node options of slurm.conf.", examples=[{"Weight": 10}]
    )


class FormerUsersJobs(StrEnum):
    """What becomes of the jobs of a user who is taken out of the configuration."""

    KEEP = "keep_jobs"
    CANCEL = "cancel"


class Qos(Section):
    """A quality of service."""

    options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {}, description="Options as sacctmgr modify qos sets them.", examples=[{"Priority": 100, "MaxWall": "2-0"}]
    )


class AccountConfig(Section):
    """An account that users charge their jobs to."""

    parent: Annotated[SlurmWord | None, RERUN_PLAYBOOK] = Field(
        None, description="Account that it is below. Not set: root.", examples=["users"]
    )
    options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {},
        description="Options as sacctmgr modify account sets them: limits, QOS, Description, Organization.",
        examples=[{"Fairshare": 10, "GrpTRES": "cpu=512"}],
    )


class TopologySource(StrEnum):
    """Where Slurm's topology comes from, beside a file of the site's."""

    HYPERVISORS = "hypervisors"


class SlurmSettings(Section):
    """How Slurm is set up."""

    partitions: Annotated[Mapping[PartitionName, Partition], Keyed("partition", "general"), RERUN_PLAYBOOK] = Field(
        {}, description=f"Partitions by name. None: one, {DEFAULT_PARTITION}, over all compute groups."
    )
    nodegroups: Annotated[Mapping[GroupName, ComputeNodeOptions], Keyed("group", "general"), RERUN_PLAYBOOK] = Field(
        {}, description="What Slurm should know of a compute group's nodes beyond what their facts say."
    )
    options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {},
        description="Options of slurm.conf; they go before the defaults. Those that the cluster sets itself are "
        "refused.",
        examples=[{"SchedulerParameters": "bf_window=2880"}],
    )
    cgroup: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {},
        description="Options of cgroup.conf; they go before the defaults.",
        examples=[{"ConstrainSwapSpace": "no"}],
    )
    slurmdbd_options: Annotated[SlurmOptions, RERUN_PLAYBOOK] = Field(
        {},
        description="More options of slurmdbd.conf. Those that the cluster sets itself are refused.",
        examples=[{"PurgeJobAfter": "12months"}],
    )
    files: Annotated[Mapping[SlurmFileName, FileText], Keyed("file", "topology.conf"), RERUN_PLAYBOOK] = Field(
        {},
        description="More files of /etc/slurm on the control node, by name: topology.conf, job_submit.lua and the "
        "like. Slurm gives those that nodes need to them.",
        examples=[{"topology.conf": "SwitchName=s0 Nodes=demo-c-[0-15]"}],
    )
    topology: Annotated[TopologySource | None, RERUN_PLAYBOOK] = Field(
        None,
        description="Where topology.conf comes from, with TopologyPlugin=topology/tree. hypervisors: each run of "
        "site.yml asks Nova; a switch for each hypervisor, below one for each availability zone. Not set: slurm.files.",
        examples=["hypervisors"],
    )
    auth_type: Annotated[AuthType, RERUN_PLAYBOOK] = Field(
        AuthType.MUNGE,
        description="How Slurm's daemons and commands trust each other (AuthType). slurm: Slurm's own plugin and sackd "
        "on login nodes, where only root has the key; needs Slurm 23.11 on all nodes. Changes only while no job runs.",
    )
    accounting: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True, description="Job accounting with slurmdbd and MariaDB on the control node."
    )
    accounting_enforce: Annotated[tuple[AccountingEnforcement, ...], RERUN_PLAYBOOK] = Field(
        (AccountingEnforcement.ASSOCIATIONS, AccountingEnforcement.LIMITS, AccountingEnforcement.QOS),
        description="What jobs are held to (AccountingStorageEnforce), where there is accounting. Empty: nothing.",
    )
    private_data: Annotated[tuple[PrivateData, ...], RERUN_PLAYBOOK] = Field(
        (PrivateData.ACCOUNTS, PrivateData.JOBS, PrivateData.USAGE, PrivateData.USERS),
        description="What users do not see of each other (PrivateData). Slurm's administrators see everything.",
    )
    clean_up_after_jobs: Annotated[Flag, RERUN_PLAYBOOK] = Field(
        True,
        description="When a user's last job on a node ends, end the user's processes there and delete the user's files "
        "in /tmp, /var/tmp and /dev/shm. Needs images of this release on all compute nodes.",
    )
    qos: Annotated[Mapping[SlurmWord, Qos], Keyed("qos", "long"), RERUN_PLAYBOOK] = Field(
        {}, description="Qualities of service by name, in the accounting before slurmctld starts."
    )
    accounts: Annotated[Mapping[SlurmWord, AccountConfig], Keyed("account", "physics"), RERUN_PLAYBOOK] = Field(
        {}, description="Accounts by name, beside the account users."
    )
    former_users_jobs: Annotated[FormerUsersJobs, RERUN_PLAYBOOK] = Field(
        FormerUsersJobs.KEEP,
        description="What becomes of the jobs of a user who is taken out: they run on, or are cancelled.",
    )
    resume_timeout: Annotated[SlurmSeconds, RERUN_PLAYBOOK] = Field(
        900,
        description="Seconds that a node may take to reboot or be rebuilt before Slurm sets it DOWN (ResumeTimeout). "
        "Bare metal needs more.",
    )
    reboot_parallelism: Annotated[Parallelism, RERUN_PLAYBOOK] = Field(
        10, description="How many nodes the RebootProgram rebuilds or reboots at once."
    )


class SlurmChapter(Section):
    """Slurm."""

    slurm: Annotated[SlurmSettings, RERUN_PLAYBOOK] = Field(SlurmSettings(), description="How Slurm is set up.")
