"""Options of slurm.conf: what is known, what is ours, and how values come to Slurm."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping, slurm_options
from slurm_appliance.config.checks.slurm import FOLLOWS_FROM, REFUSED
from slurm_appliance.errors import ConfigError
from slurm_appliance.site.inventory_settings import as_slurm_reads, playbook_settings
from tests.unit.slurm_appliance.config.examples import smallest

LEVELS = (slurm_options.CLUSTER, slurm_options.NODES, slurm_options.PARTITIONS)


def options_of(**options: Any) -> dict[str, str]:
    config = from_mapping(smallest(slurm={"options": options}), "a test")
    found: dict[str, str] = playbook_settings(config)["slurm"]["options"]
    return found


def test_what_is_managed_is_read_from_the_template() -> None:
    found = slurm_options.managed(slurm_options.CLUSTER)
    assert {"ClusterName", "SlurmUser", "SlurmctldPidFile", "RebootProgram", "NodeName", "PartitionName"} <= found
    assert "SlurmctldParameters" not in found, "a list, of which Slurm gets both parts"
    assert {"RealMemory", "Gres", "State"} <= slurm_options.managed(slurm_options.NODES)
    assert {"Nodes", "MaxTime", "Default"} <= slurm_options.managed(slurm_options.PARTITIONS)


def test_a_template_is_read_without_its_comments_and_loops() -> None:
    text = "# A=1\n{% if x %}\nB={{ 'C=1' }}\n{% endif %}\n{{ o }}={{ v }}\n"
    text += "NodeName={{ n }}{% if y %} D=1{% endif %} E=2\n"
    assert {(level.name, option) for level, option in slurm_options.written_by(text)} == {
        ("the cluster", "B"),
        ("the cluster", "NodeName"),
        ("nodes", "NodeName"),
        ("nodes", "D"),
        ("nodes", "E"),
    }


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_everything_that_is_said_about_options_is_about_known_ones(level: slurm_options.Level) -> None:
    assert slurm_options.managed(level) <= level.known
    assert set(FOLLOWS_FROM[level]) <= slurm_options.managed(level), "no longer written by the template"
    assert set(REFUSED[level]) <= level.known
    assert not set(REFUSED[level]) & slurm_options.managed(level)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"selecttype": "select/linear"}, {"SelectType": "select/linear"}),
        ({"DisableRootJobs": True, "JobRequeue": 0}, {"DisableRootJobs": "YES", "JobRequeue": "0"}),
        ({"TrackWCKey": False}, {"TrackWCKey": "NO"}),
        ({"InteractiveStepOptions": '"--pty bash -l"'}, {"InteractiveStepOptions": '"--pty bash -l"'}),
        ({"SomethingNew": 1}, {"SomethingNew": "1"}),
        ({"SlurmctldParameters": "idle_on_node_suspend"}, {"SlurmctldParameters": "idle_on_node_suspend"}),
    ],
)
def test_options_are_written_as_slurm_reads_them(given: dict[str, Any], written: dict[str, str]) -> None:
    assert options_of(**given) == written


@pytest.mark.parametrize(
    ("level", "option"),
    [
        (slurm_options.CLUSTER, "PreemptParameters"),
        (slurm_options.CLUSTER, "LicenseParameters"),
        (slurm_options.CLUSTER, "SlurmctldHttpAuthParameters"),
        (slurm_options.NODES, "SuspendTime"),
        (slurm_options.PARTITIONS, "Exclusive"),
    ],
)
def test_new_options_are_no_slips_of_old_ones(level: slurm_options.Level, option: str) -> None:
    assert level.knows(option)
    assert level.meant(option) is None


def test_free_text_is_put_in_quotes() -> None:
    assert as_slurm_reads(slurm_options.NODES, {"reason": "under test"}) == {"Reason": '"under test"'}


@pytest.mark.parametrize("value", ["a#b", 'a"b', "a\\", "a\nb", " a", ""])
def test_values_that_slurm_would_not_read_as_one(value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        options_of(SchedulerParameters=value)
    assert [problem.path for problem in refused.value.problems] == ["slurm.options.SchedulerParameters"]
