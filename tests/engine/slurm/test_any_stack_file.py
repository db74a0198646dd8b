"""Any stack file that is made of the schema's own types is refused, or Slurm accepts what becomes of it.

Options of Slurm's own files are texts that only Slurm can judge: test_stack_files.py has examples of those.
"""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.config.features import FeatureSwitches
from slurm_appliance.config.section import shape_of
from slurm_appliance.config.slurm import ComputeNodeOptions, Partition, SlurmSettings
from slurm_appliance.config.values import ClusterName, DomainSuffix, GroupName, PartitionName
from slurm_appliance.errors import ConfigError
from tests.engine.slurm.test_stack_files import outcomes, settings_of
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.config.from_schema import of_section, of_shape

#: What Slurm alone can judge.
FREE = frozenset({"options", "cgroup", "slurmdbd_options", "files"})
#: What has values of its own below, and auth/slurm, which this machine's Slurm may be too old for: preview refuses that
#: by the release in the image.
ELSEWHERE = FREE | {"partitions", "nodegroups", "auth_type"}
AT_ONCE = 8


@st.composite
def stack_files(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of a cluster whose parts refer to each other, and are else of any value that their types allow."""
    names = draw(st.lists(of_shape(shape_of(GroupName)), max_size=3, unique=True))
    compute = {
        name: {"nodes": [f"n{number}-[0-{draw(st.integers(0, 3))}]"] if draw(st.booleans()) else [], "flavor": "small"}
        for number, name in enumerate(names)
    }
    partitions: dict[str, Any] = {}
    for name in draw(st.lists(of_shape(shape_of(PartitionName)), max_size=3, unique=True)) if names else []:
        groups = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        settings_ = draw(of_section(Partition, FREE | {"groups", "default"}))
        partitions[name] = {**settings_, "groups": groups, "default": not partitions}
    nodegroups = {name: draw(of_section(ComputeNodeOptions, FREE)) for name in names if draw(st.booleans())}
    return smallest(
        cluster_name=draw(of_shape(shape_of(ClusterName))),
        cluster_domain_suffix=draw(of_shape(shape_of(DomainSuffix))),
        compute=compute,
        features=draw(of_section(FeatureSwitches)),
        slurm={**draw(of_section(SlurmSettings, ELSEWHERE)), "partitions": partitions, "nodegroups": nodegroups},
    )


def valid(files: list[dict[str, Any]]) -> dict[str, ClusterConfig]:
    """Those that are not refused; a refusal has a path and a remedy for each mistake."""
    found = {}
    for number, file in enumerate(files):
        try:
            found[str(number)] = from_mapping(file, "a test", environment="test")
        except ConfigError as refused:
            unexplained = [problem for problem in refused.problems if not (problem.path and problem.remedy)]
            if unexplained:
                pytest.fail(f"refused without a path or a remedy: {unexplained}")
    return found


def check(files: list[dict[str, Any]]) -> None:
    found = outcomes(valid(files))
    rejected = {name: files[int(name)] for name in settings_of(found)}
    assert not rejected, [(each.sentence(), rejected[name]) for name, each in found.items() if each]


#: A failure names the one file of a list, which is small: shrinking would run Slurm for an hour.
ONCE = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
LISTS = st.lists(stack_files(), min_size=AT_ONCE, max_size=AT_ONCE)


@settings(ONCE, max_examples=3, derandomize=True)
@given(LISTS)
def test_it_is_refused_or_slurm_accepts_it(files: list[dict[str, Any]]) -> None:
    check(files)


@pytest.mark.extended
@settings(ONCE, max_examples=30, print_blob=True)
@given(LISTS)
def test_more_of_them(files: list[dict[str, Any]]) -> None:
    check(files)
