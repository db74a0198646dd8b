"""What a daemon says against its files, and the setting that it is about. The logs are those of Slurm 22.05."""

from __future__ import annotations

import pytest

from node.slurm_files.rejection import rejection
from node.slurm_files.sources import Sources

CONF = """\
# Written by slurm-appliance; changes are overwritten.
ClusterName=demo
RetrunToService=2
MailProg=/bin/true foo
SelectType=select/foo
JobSubmitPlugins=lua
PreemptMode=suspend
SlurmctldPort=90000
NodeName=c-0,c-1 CPUs=2 Features=nodegroup_general,fast Wieght=3 Reason=under test State=UNKNOWN
NodeName=d-0 CPUs=2 Features=nodegroup_disk State=UNKNOWN
NodeSet=nodegroup_general Feature=nodegroup_general
PartitionName=batch Nodes=nodegroup_none MaxNodes=xx MaxTime=1:2:3:4 State=UP
"""
FILES = {
    "slurm.conf": CONF,
    "cgroup.conf": "ConstrainCores=yes\nFoo=bar\n",
    "gres.conf": "NodeName=c-0,c-1 Nmae=gpu\n",
    "slurmdbd.conf": "AuthType=auth/munge\nStoragePass=geheim # no\nPurgeJobAfter=x\n",
}
SOURCES = Sources(
    options=("RetrunToService", "jobsubmitplugins", "PreemptMode", "MailProg", "SelectType"),
    partitions=("batch",),
    nodegroups=("general",),
    managed={"clustername": "cluster_name"},
)
UNABLE = "slurmctld: fatal: Unable to process configuration file"


def parse_error(line: int, rest: str, file: str = "slurm.conf") -> str:
    return f'slurmctld: error: Parse error in file /etc/slurm/{file} line {line}: "{rest}"'


@pytest.mark.parametrize(
    ("log", "message", "place", "setting"),
    [
        (
            ["slurmctld: error: _parse_next_key: Parsing error at unrecognized key: RetrunToService", UNABLE],
            "Parsing error at unrecognized key: RetrunToService",
            ("slurm.conf", 3),
            "slurm.options.RetrunToService",
        ),
        (
            [parse_error(4, " foo"), UNABLE],
            "Parse error in file slurm.conf line 4",
            ("slurm.conf", 4),
            "slurm.options.MailProg",
        ),
        (
            ["slurmctld: fatal: Can't find plugin for select/foo"],
            "Can't find plugin for select/foo",
            ("slurm.conf", 5),
            "slurm.options.SelectType",
        ),
        (
            [
                "slurmctld: error: job_submit/lua: Unable to stat /etc/slurm/job_submit.lua: No such file or directory",
                "slurmctld: error: cannot create job_submit context for job_submit/lua",
                "slurmctld: fatal: failed to initialize job_submit plugin",
            ],
            "failed to initialize job_submit plugin; job_submit/lua: Unable to stat /etc/slurm/job_submit.lua",
            ("slurm.conf", 6),
            "slurm.options.jobsubmitplugins",
        ),
        (
            ["slurmctld: error: PreemptMode=SUSPEND requires GANG too", UNABLE],
            "PreemptMode=SUSPEND requires GANG too",
            ("slurm.conf", 7),
            "slurm.options.PreemptMode",
        ),
        (
            ["slurmctld: fatal: slurmctld runs but does not listen on port 90000, set by SlurmctldPort"],
            "does not listen on port 90000",
            ("slurm.conf", 8),
            "slurm.options.SlurmctldPort (not set",
        ),
        (
            [
                "slurmctld: error: Parsing error at unrecognized key: Wieght",
                parse_error(9, " Wieght=3 Reason=under test State=UNKNOWN"),
                UNABLE,
            ],
            "Parsing error at unrecognized key: Wieght",
            ("slurm.conf", 9),
            "slurm.nodegroups.general.options.Wieght",
        ),
        (
            [parse_error(9, " test State=UNKNOWN"), UNABLE],
            "Parse error in file slurm.conf line 9",
            ("slurm.conf", 9),
            "slurm.nodegroups.general.options.Reason",
        ),
        (
            ["slurmctld: fatal: Duplicated NodeName d-0 in the config file"],
            "Duplicated NodeName d-0",
            ("slurm.conf", 10),
            "compute.disk",
        ),
        (
            [
                'slurmctld: error: _find_node_record: lookup failure for node "nodegroup_none"',
                "slurmctld: build_part_bitmap: invalid node name nodegroup_none in partition",
                "slurmctld: fatal: Invalid node names in partition batch",
            ],
            'Invalid node names in partition batch; lookup failure for node "nodegroup_none"',
            ("slurm.conf", 12),
            "slurm.partitions.batch",
        ),
        (
            [
                "slurmctld: error: MaxNodes value (xx) is not a valid number",
                parse_error(12, " MaxNodes=xx MaxTime=1:2:3:4 State=UP"),
                UNABLE,
            ],
            "MaxNodes value (xx) is not a valid number",
            ("slurm.conf", 12),
            "slurm.partitions.batch.options.MaxNodes",
        ),
        (
            [
                "slurmctld: error: _parse_next_key: Parsing error at unrecognized key: Foo",
                "slurmctld: fatal: Could not open/read/parse cgroup.conf file /etc/slurm/cgroup.conf",
            ],
            "Parsing error at unrecognized key: Foo",
            ("cgroup.conf", 2),
            "slurm.cgroup.Foo",
        ),
        (
            ["slurmctld: error: s_p_parse_file: cannot stat file /etc/slurm/topology.conf: No such file or directory"],
            "topology.conf: No such file or directory",
            ("", 0),
            "slurm.files.topology.conf (not set)",
        ),
        (
            ["slurmctld: fatal: No PartitionName information available!"],
            "No PartitionName information available!",
            ("", 0),
            "",
        ),
    ],
)
def test_slurmctld(log: list[str], message: str, place: tuple[str, int], setting: str) -> None:
    found = rejection("slurmctld", log, FILES, SOURCES)
    assert found is not None
    assert message in found.message
    assert (found.file, found.line) == place
    assert found.setting.startswith(setting)
    assert bool(found.setting) == bool(setting)
    assert found.message in found.sentence()
    assert found.setting in found.sentence()


def test_what_slurm_only_skips_is_rejected_as_well() -> None:
    """slurmctld runs on without a gres.conf that it cannot read."""
    log = [
        "slurmctld: error: _parse_next_key: Parsing error at unrecognized key: Nmae",
        "slurmctld: Running as primary controller",
    ]
    found = rejection("slurmctld", log, {**FILES, "gres.conf": "Nmae=gpu\n"}, SOURCES)
    assert found is not None
    assert (found.file, found.setting) == ("gres.conf", "slurm.nodegroups")


def test_a_daemon_that_runs_has_no_objections() -> None:
    log = [
        "slurmctld: error: Munge encode failed: Failed to access",
        "slurmctld: error: Could not open node state file /var/lib/state/node_state: No such file or directory",
        "slurmctld: Running as primary controller",
    ]
    assert rejection("slurmctld", log, FILES, SOURCES) is None


def test_errors_that_every_trial_has_are_not_the_reason() -> None:
    log = [
        "slurmctld: error: Munge encode failed: Failed to access",
        "slurmctld: error: Couldn't load specified plugin name for mpi/pmix_v4: Plugin init() callback failed",
        "slurmctld: fatal: No PartitionName information available!",
    ]
    found = rejection("slurmctld", log, FILES, SOURCES)
    assert found is not None
    assert found.message == "No PartitionName information available!"


def test_no_password_is_shown() -> None:
    log = [
        'slurmdbd: error: Parse error in file /etc/slurm/slurmdbd.conf line 2: " heim"',
        "slurmdbd: fatal: Could not open/read/parse slurmdbd.conf file /etc/slurm/slurmdbd.conf",
    ]
    found = rejection("slurmdbd", log, FILES, SOURCES)
    assert found is not None
    assert (found.file, found.line) == ("slurmdbd.conf", 2)
    assert "heim" not in repr(found) + found.sentence()


def test_partitions_that_the_stack_file_does_not_have() -> None:
    log = ["slurmctld: fatal: Invalid node names in partition batch"]
    found = rejection("slurmctld", log, FILES, Sources())
    assert found is not None
    assert found.setting == "slurm.partitions (not set: there is one partition over all compute groups)"
