"""The options that slurm.conf knows, and those of them that the appliance writes itself.

The names are those of Slurm 22.05 to 26.05; which of them a release no longer takes is in ``removed_options.py``. A
name that is nearly one of these is a slip, and refused. A name that is like none of them is left to Slurm itself, which
tries each new slurm.conf before it comes into use: a newer release may know it. So the list may be out of date, and
nobody has to wait for it.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cache

from toolchain.paths import REPOSITORY

#: What the control node's slurm.conf is written from.
TEMPLATE = REPOSITORY / "ansible/roles/slurmctld/templates/slurm.conf.j2"

#: How much alike two names are, from 0 to 1, where one of them is a slip.
_ALIKE = 0.8

#: Options whose value is free text; Slurm reads it to the end where it is in quotes.
FREE_TEXT = frozenset({"Extra", "InteractiveStepOptions", "Reason", "SallocDefaultCommand"})

#: Options that the appliance writes and a site may add to: lists, of which Slurm gets both parts.
LISTS = frozenset(
    {
        "AccountingStorageTRES",
        "CommunicationParameters",
        "GresTypes",
        "LaunchParameters",
        "PrologFlags",
        "SchedulerParameters",
        "SlurmctldParameters",
        "SlurmdParameters",
        "TaskPlugin",
    }
)

_OF_THE_CLUSTER = """
    AccountingStorageBackupHost AccountingStorageEnforce AccountingStorageExternalHost AccountingStorageHost
    AccountingStorageLoc AccountingStorageParameters AccountingStoragePass AccountingStoragePort
    AccountingStorageTRES AccountingStorageType AccountingStorageUser AccountingStoreFlags AccountingStoreJobComment
    AcctGatherEnergyType AcctGatherFilesystemType AcctGatherInfinibandType AcctGatherInterconnectType
    AcctGatherNodeFreq AcctGatherProfileType AllowSpecResourcesUsage AuthAltParameters AuthAltTypes AuthInfo
    AuthType BackupAddr BackupController BatchStartTimeout BcastExclude BcastParameters BurstBufferParameters
    BurstBufferType CertgenParameters CertgenType CertmgrParameters CertmgrType CliFilterParameters CliFilterPlugins
    ClusterName CommunicationParameters CompleteWait ControlAddr ControlMachine CoreSpecPlugin CpuFreqDef
    CpuFreqGovernors CredType CryptoType DataParserParameters DebugFlags DefCpuPerGPU DefMemPerCPU DefMemPerGPU
    DefMemPerNode DependencyParameters DisableRootJobs DownNodes EioTimeout EnforcePartLimits Epilog EpilogMsgTime
    EpilogSlurmctld EpilogTimeout ExtSensorsFreq ExtSensorsType FairShareDampeningFactor FastSchedule
    FederationParameters FirstJobId FrontendName GetEnvTimeout GpuFreqDef GresTypes GroupUpdateForce GroupUpdateTime
    HashPlugin HealthCheckInterval HealthCheckNodeState HealthCheckProgram HealthCheckTimeout HttpParserType
    InactiveLimit Include InteractiveStepOptions JobAcctGatherFrequency JobAcctGatherParams JobAcctGatherType
    JobCompHost JobCompLoc JobCompParams JobCompPass JobCompPassScript JobCompPort JobCompType JobCompUser
    JobContainerType JobCredentialPrivateKey JobCredentialPublicCertificate JobFileAppend JobRequeue
    JobSubmitPlugins KeepAliveTime KillOnBadExit KillWait LaunchParameters LaunchType LicenseParameters Licenses
    LogTimeFormat MailDomain MailProg MaxArraySize MaxBatchRequeue MaxDBDMsgs MaxJobCount MaxJobId MaxMemPerCPU
    MaxMemPerNode MaxNodeCount MaxStepCount MaxTasksPerNode MCSParameters MCSPlugin MessageTimeout MetricsAuthUsers
    MetricsParameters MetricsType MinJobAge MpiDefault MpiParams NamespaceType NodeFeaturesPlugins NodeName NodeSet
    OverTimeLimit PartitionName PluginDir PlugStackConfig PowerAction PowerParameters PowerPlugin PreemptExemptTime
    PreemptMode PreemptParameters PreemptType PrEpParameters PrEpPlugins PriorityCalcPeriod PriorityDecayHalfLife
    PriorityFavorSmall PriorityFlags PriorityMaxAge PriorityParameters PrioritySiteFactorParameters
    PrioritySiteFactorPlugin PriorityType PriorityUsageResetPeriod PriorityWeightAge PriorityWeightAssoc
    PriorityWeightFairshare PriorityWeightJobSize PriorityWeightPartition PriorityWeightQOS PriorityWeightTRES
    PrivateData ProctrackType Prolog PrologEpilogTimeout PrologFlags PrologSlurmctld PrologTimeout
    PropagatePrioProcess PropagateResourceLimits PropagateResourceLimitsExcept RebootProgram ReconfigFlags
    RequeueExit RequeueExitHold ResumeFailProgram ResumeProgram ResumeRate ResumeTimeout ResvEpilog ResvOverRun
    ResvProlog ReturnToService RoutePlugin SallocDefaultCommand SbcastParameters SchedulerAuth SchedulerParameters
    SchedulerTimeSlice SchedulerType ScronParameters SelectType SelectTypeParameters SlurmctldAddr SlurmctldDebug
    SlurmctldHost SlurmctldHttpAuthParameters SlurmctldLogFile SlurmctldParameters SlurmctldPidFile
    SlurmctldPlugstack SlurmctldPort SlurmctldPrimaryOffProg SlurmctldPrimaryOnProg SlurmctldSyslogDebug
    SlurmctldTimeout SlurmdDebug SlurmdHttpAuthParameters SlurmdLogFile SlurmdParameters SlurmdPidFile SlurmdPort
    SlurmdSpoolDir SlurmdSyslogDebug SlurmdTimeout SlurmdUser SlurmSchedLogFile SlurmSchedLogLevel SlurmUser
    SrunEpilog SrunPortRange SrunProlog StateSaveLocation SuspendExcNodes SuspendExcParts SuspendExcStates
    SuspendProgram SuspendRate SuspendTime SuspendTimeout SwitchParameters SwitchType TaskEpilog TaskPlugin
    TaskPluginParam TaskProlog TCPTimeout TLSParameters TLSType TmpFS TopologyParam TopologyPlugin TrackWCKey
    TreeWidth UnkillableStepProgram UnkillableStepTimeout UrlParserType UsePAM VSizeFactor WaitTime X11Parameters
"""
_OF_NODES = """
    BcastAddr Boards CoreSpecCount CoresPerSocket CpuBind CPUs CpuSpecList Extra Feature Features Gres GresConf
    InstanceId InstanceType MemSpecLimit NodeAddr NodeHostname NodeName Parameters Port Procs RealMemory Reason
    RestrictedCoresPerGPU Sockets SocketsPerBoard State SuspendTime ThreadsPerCore TmpDisk Topology TRESWeights
    Weight
"""
_OF_PARTITIONS = """
    AllocNodes AllowAccounts AllowGroups AllowQos Alternate CpuBind Default DefaultTime DefCpuPerGPU DefMemPerCPU
    DefMemPerGPU DefMemPerNode DenyAccounts DenyQos DisableRootJobs Exclusive ExclusiveTopo ExclusiveUser GraceTime
    Hidden JobDefaults LLN MaxCPUsPerNode MaxCPUsPerSocket MaxMemPerCPU MaxMemPerNode MaxNodes MaxTime MinNodes
    Nodes OverSubscribe OverTimeLimit PartitionName PowerDownOnIdle PreemptMode Priority PriorityJobFactor
    PriorityTier QOS ReqResv ResumeTimeout RootOnly SelectTypeParameters Shared State SuspendTime SuspendTimeout
    Topology TRESBillingWeights
"""


@dataclass(frozen=True)
class Level:
    """The options that may stand in one kind of line of slurm.conf.

    Attributes:
        name: whose options they are, for a sentence.
        setting: where a site gives them.
        known: their names as Slurm writes them.
    """

    name: str
    setting: str
    known: frozenset[str]

    def canonical(self, option: str) -> str:
        """The option as Slurm writes it, which does not care for case; as given where it is not known."""
        return _by_lower(self.known).get(option.lower(), option)

    def knows(self, option: str) -> bool:
        """Whether the name is one of these, in any case."""
        return option.lower() in _by_lower(self.known)

    def meant(self, option: str) -> str | None:
        """The option that an unknown name is a slip of; None where it is like none."""
        names = _by_lower(self.known)
        found = difflib.get_close_matches(option[:80].lower(), names, n=1, cutoff=_ALIKE)
        return names[found[0]] if found and not self.knows(option) else None


CLUSTER = Level("the cluster", "slurm.options", frozenset(_OF_THE_CLUSTER.split()))
NODES = Level("nodes", "slurm.nodegroups.<group>.options", frozenset(_OF_NODES.split()))
PARTITIONS = Level("partitions", "slurm.partitions.<partition>.options", frozenset(_OF_PARTITIONS.split()))

_LEVEL_OF_LINE = {"NodeName": NODES, "PartitionName": PARTITIONS}


@cache
def _by_lower(names: frozenset[str]) -> dict[str, str]:
    return {name.lower(): name for name in names}


@cache
def managed(level: Level) -> frozenset[str]:
    """The options of a level that the template writes, but for the lists that a site may add to."""
    return frozenset(option for at, option in written_by(TEMPLATE.read_text()) if at == level) - LISTS


def written_by(template: str) -> frozenset[tuple[Level, str]]:
    """The options that a template of slurm.conf writes, each with its level."""
    lines = re.sub(r"\{%.*?%\}|\{#.*?#\}", "", template, flags=re.DOTALL)
    lines = re.sub(r"\{\{.*?\}\}", "...", lines, flags=re.DOTALL)
    found = set()
    for line in lines.splitlines():
        if line.startswith("#"):
            continue
        options = re.findall(r"(?:^|\s)([A-Za-z][A-Za-z0-9]*)=", line)
        found |= {(CLUSTER, option) for option in options[:1]}
        found |= {(_LEVEL_OF_LINE[options[0]], option) for option in options if options[0] in _LEVEL_OF_LINE}
    return frozenset(found)
