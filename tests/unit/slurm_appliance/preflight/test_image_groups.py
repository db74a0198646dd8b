"""Images are for the kinds of nodes that their records say, those that they are built on included."""

from dataclasses import replace

import pytest

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.preflight import examine
from slurm_appliance.preflight.image_groups import packages_for
from tests.unit.clouds import EXAMPLE_ID, cloud, image
from tests.unit.components.clusters import COMPUTE, configured

FAT = image("1" * 8, "fat-abc", groups=("login", "compute"), base=EXAMPLE_ID)
SITE = image("2" * 8, "site-abc", groups=("extra_packages",), base="fat-abc")


@pytest.mark.parametrize(
    ("what", "known", "expected"),
    [
        (FAT, [FAT], {"login", "compute"}),
        (SITE, [FAT, SITE], {"login", "compute", "extra_packages"}),
        (SITE, [SITE], None),
        (SITE, [SITE, replace(FAT, digest="")], None),
        (replace(FAT, base=""), [FAT], None),
        (replace(FAT, base="fat-abc"), [replace(FAT, base="fat-abc")], None),
    ],
)
def test_what_an_image_has_packages_for(what: ImageFacts, known: list[ImageFacts], expected: set[str] | None) -> None:
    assert packages_for(what, known) == expected


def test_a_control_node_without_its_packages_is_refused() -> None:
    config = configured(cluster_image="fat-abc", compute={"general": COMPUTE})
    problems = examine(config, cloud(images=(FAT,))).problems
    assert [problem.path for problem in problems] == ["cluster_image"]
    assert not examine(config, cloud(images=(replace(FAT, groups=("control", *FAT.groups)),))).problems
