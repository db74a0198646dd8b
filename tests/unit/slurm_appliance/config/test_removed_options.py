"""Options that Slurm no longer takes: the table is sound, holds nothing that we write, and is the page in the docs."""

import re

import pytest
import yaml

from slurm_appliance.config import slurm_options
from slurm_appliance.config.checks.slurm import REFUSED
from slurm_appliance.config.removed_options import (
    OptionFile,
    RemovalEffect,
    RemovalSource,
    RemovedOption,
    page,
    removed,
    table,
)
from toolchain.paths import REPOSITORY

RELEASES = ("20.11", "21.08", "22.05", "23.02", "23.11", "24.05", "24.11", "25.05", "25.11", "26.05")
#: The releases that images are built with.
SUPPORTED = ("22.05", "24.11", "26.05")
ROLES = REPOSITORY / "ansible" / "roles"


@pytest.mark.parametrize("row", table(), ids=lambda row: row.option)
def test_a_row_is_sound(row: RemovedOption) -> None:
    assert row.release in RELEASES
    assert not row.taken or RELEASES.index(row.taken) < RELEASES.index(row.release)
    assert not row.taken or row.source is RemovalSource.TABLES, "a changelog names the release"
    assert row.instead
    assert row.effect is not RemovalEffect.RENAMED or not row.instead.startswith("remove it")
    if row.file is OptionFile.SLURM:
        assert row.name not in REFUSED[slurm_options.CLUSTER], "a stack file cannot have it"
        assert row.name not in slurm_options.managed(slurm_options.CLUSTER), "a stack file cannot have it"


def test_no_option_has_two_rows() -> None:
    options = [(row.file, row.option.lower()) for row in table()]
    assert len(options) == len(set(options))


@pytest.mark.parametrize(
    ("file", "option", "value", "release", "found"),
    [
        (OptionFile.SLURM, "SelectType", "select/cons_res", "22.05", ""),
        (OptionFile.SLURM, "SelectType", "select/cons_res", "23.02", ""),
        (OptionFile.SLURM, "SelectType", "select/cons_res", "23.11", "SelectType=select/cons_res"),
        (OptionFile.SLURM, "selecttype", "SELECT/CONS_RES", "26.11", "SelectType=select/cons_res"),
        (OptionFile.SLURM, "SelectType", "select/cons_tres", "26.05", ""),
        (OptionFile.SLURM, "SlurmctldParameters", "idle_on_node_suspend, Cloud_Reg_Addrs", "24.11", "cloud_reg_addrs"),
        (OptionFile.SLURM, "JobSubmitPlugins", "lua,cray_aries", "24.11", "JobSubmitPlugins=job_submit/cray_aries"),
        (OptionFile.SLURM, "DebugFlags", "TaskSomething", "26.05", ""),
        (OptionFile.SLURM, "powerplugin", "power/none", "24.11", "PowerPlugin"),
        (OptionFile.CGROUP, "PowerPlugin", "power/none", "24.11", ""),
        (OptionFile.CGROUP, "constrainkmemspace", "NO", "24.11", "ConstrainKmemSpace"),
        (OptionFile.PARTITION, "ExclusiveUser", "YES", "25.11", ""),
        (OptionFile.PARTITION, "ExclusiveUser", "YES", "26.05", "ExclusiveUser"),
    ],
)
def test_what_is_found(file: OptionFile, option: str, value: str, release: str, found: str) -> None:
    row = removed(file, option, value, release)

    assert (row is None) == (not found)
    assert row is None or found in row.option


def written_by_the_roles() -> list[tuple[OptionFile, str, str]]:
    """Every option that our templates and defaults write, with each word of its value: one of them may be the value."""
    slurmctld = yaml.safe_load((ROLES / "slurmctld" / "defaults" / "main.yml").read_text())
    template = slurm_options.TEMPLATE.read_text()
    found = [
        (OptionFile.PARTITION if level is slurm_options.PARTITIONS else OptionFile.SLURM, option, template)
        for level, option in slurm_options.written_by(template)
    ]
    found += [(OptionFile.SLURM, option, str(value)) for option, value in slurmctld["slurmctld_defaults"].items()]
    # Dictionaries in Jinja.
    for name in ("slurmctld_contain", "slurmctld_cleanup"):
        found += [
            (OptionFile.SLURM, option, slurmctld[name]) for option in re.findall(r"'([A-Z]\w+)':", slurmctld[name])
        ]
    found.append((OptionFile.SLURM, "SlurmctldParameters", slurmctld["slurmctld_parameters"]))
    found += [(OptionFile.CGROUP, option, value) for option, value in slurmctld["slurmctld_cgroup_defaults"].items()]
    found.append((OptionFile.CGROUP, "CgroupPlugin", "disabled"))
    return [(file, option, ",".join(re.findall(r"[\w./]+", value))) for file, option, value in found]


@pytest.mark.parametrize("release", SUPPORTED)
def test_every_supported_release_takes_what_the_roles_write(release: str) -> None:
    written = written_by_the_roles()
    assert {"TaskPlugin", "PrologFlags", "BatchStartTimeout", "ClusterName", "Nodes"} <= {each[1] for each in written}
    assert ("TaskPlugin", True) in {(option, "task/none" in value.split(",")) for _, option, value in written}

    assert [each for each in written if removed(*each, release)] == []


def test_the_table_in_the_docs_is_up_to_date() -> None:
    text = (REPOSITORY / "docs" / "slurm-options.md").read_text()
    assert text.partition("\n| option")[1:] == ("\n| option", page().removeprefix("| option")), (
        "put the output of slurm_appliance.config.removed_options.page() at the end of the page"
    )
