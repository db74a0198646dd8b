"""Stack files that validate are rendered into files that Slurm's daemons accept, or reject with the setting."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from node.slurm_files.rejection import Rejection
from slurm_appliance.cloud.placement import Place
from slurm_appliance.commands.config import app
from slurm_appliance.config import ClusterConfig, from_mapping, from_stack_file, stack_file
from slurm_appliance.config.load import own_settings
from slurm_appliance.errors import ConfigError
from slurm_appliance.site.topology import topology_conf
from slurm_appliance.slurm_trial.judge import installed_version, rejection_of
from slurm_appliance.slurm_trial.render import slurm_files
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.config.leaf import merged
from tests.unit.slurm_appliance.config.test_cases import problems_of
from toolchain.paths import REPOSITORY

STACKS = REPOSITORY / "stacks"
#: Files that sites could bring, where the tests of the configuration keep them.
SITES = REPOSITORY / "tests" / "unit" / "slurm_appliance" / "config" / "cases"
#: A trial waits more than it works.
AT_ONCE = 12

#: What validates and Slurm rejects: the setting.
REJECTED = {"ci-standard": "slurm.files.topology.conf (not set)"}

#: Sites that are refused, or whose files Slurm rejects, for one thing alone: what is added, so that the rest of a file
#: is tried as well.
_FILE_SERVER = {"home": {"server": "nfs.example.org", "export": "/home"}}
MENDED: dict[str, dict[str, Any]] = {
    "ci-standard": {
        "slurm": {
            "options": {"TopologyPlugin": "topology/tree"},
            "files": {"topology.conf": "SwitchName=s0 Nodes=ci-compute-[0-1]\n"},
        }
    },
    "uni-a-dev": _FILE_SERVER,
    "uni-a-production": _FILE_SERVER,
    "uni-b-production": _FILE_SERVER,
}

GROUP = {"nodes": ["c-[0-1]"], "flavor": "small"}


def outcomes(configs: dict[str, ClusterConfig]) -> dict[str, Rejection | None]:
    """What Slurm has against each of some configurations."""
    version = installed_version()
    # Ansible's templates have no second thread.
    rendered = {name: slurm_files(config, version) for name, config in configs.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda name: rejection_of(configs[name], rendered[name]), configs)
        return dict(zip(configs, found, strict=True))


def settings_of(found: dict[str, Rejection | None]) -> dict[str, str]:
    return {name: rejected.setting for name, rejected in found.items() if rejected}


def test_stack_files_that_validate() -> None:
    configs: dict[str, ClusterConfig] = {}
    for path in sorted([*STACKS.glob("Pulumi.*.yaml"), *SITES.glob("*/*.yaml")]):
        try:
            configs[path.stem.removeprefix("Pulumi.")] = from_stack_file(path)
        except ConfigError:
            continue  # What is refused, and why, is for the tests of the configuration.
    assert configs
    found = outcomes(configs)
    expected = {name: setting for name, setting in REJECTED.items() if name in configs}
    assert settings_of(found) == expected, [rejected.sentence() for rejected in found.values() if rejected]


def test_what_is_refused_for_one_thing_is_accepted_with_it() -> None:
    configs = {}
    for name, more in MENDED.items():
        keys, problems = stack_file.read(SITES / "sites" / f"{name}.yaml")
        configs[name] = from_mapping(merged(own_settings(keys, problems), more), name, environment="test")
        assert problems == []
    found = outcomes(configs)
    assert settings_of(found) == {}, [rejected.sentence() for rejected in found.values() if rejected]


def test_every_site_is_tried() -> None:
    """Except for the copy of another appliance's variables, which is a test of messages."""
    sites = {path.stem for path in (SITES / "sites").glob("*.yaml")}
    refused = {name for name in sites if problems_of(SITES / "sites" / f"{name}.yaml")}
    assert len(sites) == 19
    assert refused - MENDED.keys() == {"uni-a-literal"}


def config(slurm: dict[str, Any], **more: Any) -> ClusterConfig:
    values: dict[str, Any] = {
        "compute": {"general": GROUP, "empty": {"nodes": [], "flavor": "small"}},
        "slurm": slurm,
    }
    return from_mapping(smallest(**(values | more)), "test", environment="test")


#: What Slurm accepts.
GOOD: dict[str, ClusterConfig] = {
    "no compute group": config({}, compute={}),
    "empty groups only": config({}, compute={"empty": {"nodes": [], "flavor": "small"}}),
    "a partition of empty groups": config(
        {"partitions": {"a": {"groups": ["empty"]}, "b": {"groups": ["general"], "default": True}}}
    ),
    "a group that is partly empty": config({"partitions": {"a": {"groups": ["empty", "general"]}}}),
    "lists": config({"options": {"slurmctldparameters": "idle_on_node_suspend", "SchedulerParameters": "bf_continue"}}),
    "gpus": config({"nodegroups": {"general": {"gres": ["gpu:a100:2"]}}}),
    "gpus, found by slurmd": config({"nodegroups": {"general": {"gres": ["gpu:2"], "gres_autodetect": "nvml"}}}),
    "cgroup.conf": config({"cgroup": {"constrainswapspace": "no", "AllowedRAMSpace": 95}}),
    "slurmdbd.conf": config({"slurmdbd_options": {"PurgeJobAfter": "12months"}}),
    "a topology": config(
        {
            "options": {"TopologyPlugin": "topology/tree"},
            "files": {"topology.conf": "SwitchName=s0 Nodes=test-c-[0-1]\n"},
        }
    ),
    "a topology of the cloud's hypervisors": config({"topology": "hypervisors"}),
    "a topology of no nodes": config({"topology": "hypervisors"}, compute={}),
    "enforced accounting": config(
        {"options": {"AccountingStorageEnforce": "limits,qos", "AccountingStorageTRES": "gres/x"}}
    ),
    "fair share": config({"options": {"PriorityWeightFairshare": 1000}}),
    "log files": config({"options": {"SlurmctldLogFile": "/var/log/slurm/nowhere/slurmctld.log"}}),
}


def test_what_slurm_accepts() -> None:
    found = outcomes(GOOD)
    assert settings_of(found) == {}, [rejected.sentence() for rejected in found.values() if rejected]


def test_a_topology_of_several_hypervisors_and_zones() -> None:
    made = config({"topology": "hypervisors"}, compute={"general": {**GROUP, "nodes": ["c-[0-3]"]}})
    zones = ("nova", "nova", "rack 2")
    where = {f"s{number}": Place(f"{number // 2}{'a' * 55}", zone) for number, zone in enumerate(zones)}
    files = slurm_files(made, installed_version())
    nodes = sorted(word for line in files["topology.conf"].splitlines() for word in _nodes_in(line))
    assert len(nodes) == 4
    files["topology.conf"] = topology_conf({node: f"s{number}" for number, node in enumerate(nodes)}, where)
    assert rejection_of(made, files) is None


def _nodes_in(line: str) -> list[str]:
    return [node for word in line.split() if word.startswith("Nodes=") for node in word[6:].split(",")]


NAMES = ("a", "b", "c")


@st.composite
def clusters(draw: st.DrawFn) -> ClusterConfig:
    """Groups of any size, none among them, and partitions over any of them."""
    sizes = draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=3))
    compute = {
        name: {"nodes": [f"{name}-{number}" for number in range(size)], "flavor": "small"}
        for name, size in sizes.items()
    }
    some = st.lists(st.sampled_from(sorted(sizes)), min_size=1, unique=True) if sizes else st.nothing()
    groups = draw(st.lists(some, max_size=3)) if sizes else []
    partitions = {f"p{number}": {"groups": each, "default": number == 0} for number, each in enumerate(groups)}
    gres = st.sampled_from((["gpu:1"], ["gpu:a100:2", "gpu:h100:1"], ["license:4"], []))
    nodegroups = {name: {"gres": draw(gres), "memory_percent": draw(st.integers(1, 100))} for name in sizes}
    accounting = draw(st.booleans())
    slurm = {"partitions": partitions, "nodegroups": nodegroups, "accounting": accounting}
    return config(slurm, compute=compute, features={"nhc": draw(st.booleans()), "rebuild": draw(st.booleans())})


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(clusters(), min_size=8, max_size=8))
def test_groups_and_partitions_of_every_size(configs: list[ClusterConfig]) -> None:
    found = outcomes({str(number): each for number, each in enumerate(configs)})
    assert settings_of(found) == {}, [rejected.sentence() for rejected in found.values() if rejected]


#: What Slurm rejects and only Slurm can know: the setting, the line's beginning, and a part of its message.
BAD: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a value that is none": (
        {"options": {"ReturnToService": "often"}},
        "slurm.options.ReturnToService",
        "ReturnToService=",
        'value "often" is not a valid number',
    ),
    "a plugin that is none": (
        {"options": {"SelectType": "select/foo"}},
        "slurm.options.SelectType",
        "SelectType=",
        "Can't find plugin for select/foo",
    ),
    "a combination": (
        {"options": {"PreemptMode": "SUSPEND"}},
        "slurm.options.PreemptMode",
        "PreemptMode=",
        "requires GANG too",
    ),
    "a flag that is none": (
        {"options": {"PrologFlags": "foo"}},
        "slurm.options.PrologFlags",
        "PrologFlags=",
        "foo",
    ),
    "a script that is missing": (
        {"options": {"JobSubmitPlugins": "lua"}},
        "slurm.options.JobSubmitPlugins",
        "JobSubmitPlugins=",
        "job_submit.lua: No such file or directory",
    ),
    "an option of partitions": (
        {"partitions": {"a": {"groups": ["general"], "options": {"MaxNodes": "some"}}}},
        "slurm.partitions.a.options.MaxNodes",
        "PartitionName=a ",
        "MaxNodes value (some) is not a valid number",
    ),
    "an option of nodes": (
        {"nodegroups": {"general": {"options": {"Weight": "heavy"}}}},
        "slurm.nodegroups.general.options.Weight",
        "NodeName=",
        "Weight value (heavy) is not a valid number",
    ),
    "cgroup.conf": (
        {"cgroup": {"ConstrainCorez": "yes"}},
        "slurm.cgroup.ConstrainCorez",
        "ConstrainCorez=",
        "unrecognized key",
    ),
    "slurmdbd.conf": (
        {"slurmdbd_options": {"PurgeJobbAfter": "12months"}},
        "slurm.slurmdbd_options.PurgeJobbAfter",
        "PurgeJobbAfter=",
        "unrecognized key",
    ),
    "a file of the site's": (
        {"options": {"TopologyPlugin": "topology/tree"}, "files": {"topology.conf": "SwitchNaem=s0\n"}},
        "slurm.files.topology.conf",
        "SwitchNaem=",
        "unrecognized key",
    ),
    "a file that is missing": (
        {"options": {"TopologyPlugin": "topology/tree"}},
        "slurm.files.topology.conf (not set)",
        "",
        "No such file or directory",
    ),
}


def test_what_slurm_rejects() -> None:
    found = outcomes({name: config(slurm) for name, (slurm, *_) in BAD.items()})
    for name, (_, setting, line, message) in BAD.items():
        rejected = found[name]
        assert rejected is not None, f"accepted: {name}"
        assert (rejected.setting, message in rejected.message) == (setting, True), rejected
        assert rejected.text.startswith(line), rejected
        assert bool(rejected.line) == bool(line), rejected


@pytest.mark.parametrize(("value", "status"), [("2", 0), ("often", 1)])
def test_config_validate(value: str, status: int, tmp_path: Path) -> None:
    text = (STACKS / "Pulumi.local.yaml").read_text()
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(f"{text}  slurm-appliance:slurm:\n    options: {{ReturnToService: {value!r}}}\n")
    ended = CliRunner().invoke(app, ["validate", "--file", str(path), "--slurm"])
    if status:
        assert isinstance(ended.exception, ConfigError)
        (problem,) = ended.exception.problems
        assert problem.path == "slurm.options.ReturnToService"
        assert "often" in problem.what
    else:
        assert ended.exit_code == 0, ended.output
