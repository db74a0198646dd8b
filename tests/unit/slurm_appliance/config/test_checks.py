"""All checks together: what they say of one place does not depend on mistakes in another."""

import copy
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.examples import LARGEST, largest, smallest

# A mistake in one place, and what is still found elsewhere.
STILL_FOUND = [
    ("cluster_name", "Bad", "compute.gpu.nodes"),
    ("compute.general.flavor", 1, "compute.gpu.nodes"),
    ("compute.gpu.flavor", 1, "compute.gpu.nodes"),
    ("login", 1, "compute.gpu.nodes"),
    ("cluster_networks.0.subnet", 1, "compute.gpu.vnic_types.fast"),
    ("image_builds.fat.flavor", 1, "compute.gpu.image.build"),
    ("slurm.partitions.all.max_time", 1.5, "slurm.partitions.general.groups[0]"),
    ("users.alice.uid", "x", "users.slurm"),
]


@pytest.mark.parametrize(("place", "value", "also"), STILL_FOUND)
def test_a_mistake_hides_no_other(place: str, value: Any, also: str) -> None:
    tree = copy.deepcopy(LARGEST)
    tree["compute"]["gpu"] |= {"nodes": ["g-0", "g-0"], "vnic_types": {"fast": "direct"}, "image": {"build": "none"}}
    del tree["compute"]["gpu"]["image_id"]
    tree["slurm"]["partitions"]["general"]["groups"] = ["none"]
    tree["users"]["slurm"] = {"uid": 3000}
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree, "a test")
    without = {problem.path for problem in caught.value.problems}

    parent: Any = tree
    *outer, last = [int(piece) if piece.isdigit() else piece for piece in place.split(".")]
    for piece in outer:
        parent = parent[piece]
    parent[last] = value
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree, "a test")
    found = {problem.path for problem in caught.value.problems}
    assert also in without
    assert also in found
    assert len(found - without) == 1


def test_the_examples_pass_every_check() -> None:
    from_mapping(largest(), "a test")
    from_mapping(smallest(), "a test")
