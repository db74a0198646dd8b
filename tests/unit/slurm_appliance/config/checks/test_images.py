"""Images and their builds."""

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.checks.mistakes import ID, Mistake, build, check, group
from tests.unit.slurm_appliance.config.examples import smallest

DNF = {"repositories": {"main": {"url": "http://a.example.org/x", "gpg_key": "keys/x"}}}

MISTAKES: list[Mistake] = [
    ({"cluster_image": None}, "cluster_image", "required, but not set", "{build: NAME}"),
    ({"cluster_image_id": ID}, "cluster_image_id", "cluster_image is set as well", "keep one"),
    ({"cluster_image": {"build": "fat"}}, "cluster_image.build", "no build fat in image_builds", "add it to"),
    (
        {"cluster_image": {"build": "fatt"}, "image_builds": {"fat": build("x")}},
        "cluster_image.build",
        "no build fatt in image_builds",
        "did you mean 'fat'?",
    ),
    (
        {"compute": {"a": group("c-0", image="x", image_id=ID)}},
        "compute.a.image_id",
        "image is set as well",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0", image={"build": "fat"})}},
        "compute.a.image.build",
        "no build fat",
        "add it to image_builds",
    ),
    (
        {"image_builds": {"fat": build({"build": "fat"})}},
        "image_builds.fat.base_image",
        "starts from itself: fat → fat",
        "another image",
    ),
    (
        {
            "image_builds": {
                "fat": build("x", package_sources={"repositories": {"r": {"url": "${mirror}/r", "suite": "x"}}})
            }
        },
        "image_builds.fat.package_sources.repositories.r.url",
        "${mirror} stands for nothing",
        "set image_builds.fat.package_sources.mirror",
    ),
    (
        {
            "image_builds": {
                "fat": build("x", package_sources={"repositories": {"r": {"url": "http://a.example.org/r"}}})
            }
        },
        "image_builds.fat.package_sources.repositories.r",
        "it has no suite, so it is one of dnf, and dnf needs the key that signs it",
        "set image_builds.fat.package_sources.repositories.r.gpg_key",
    ),
    (
        {"image_builds": {"fat": build("x", package_family="openhpc")}},
        "image_builds.fat.package_family",
        "no repository of dnf is set",
        "add OpenHPC's repository, and the others of the build, to image_builds.fat.package_sources.repositories",
    ),
    (
        {
            "image_builds": {
                "fat": build("x", package_family="openhpc", package_sources=DNF),
                "more": build({"build": "fat"}),
            }
        },
        "image_builds.more.package_family",
        "it starts from the build fat, whose package_family is openhpc",
        "set package_family: openhpc",
    ),
    (
        {"image_builds": {"fat": build("x", package_sources={"username": "me"})}},
        "image_builds.fat.package_sources",
        "username and password are not both set",
        "both or none",
    ),
    (
        {"image_builds": {"fat": build("x", site_groups=["gpu", "compute"])}},
        "image_builds.fat.site_groups[1]",
        "the name compute is reserved",
        "choose another",
    ),
    (
        {"image_builds": {"fat": build("x", site_groups=["gpu", "gpu"])}},
        "image_builds.fat.site_groups[1]",
        "gpu is there twice",
        "keep one",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_images_that_do_not_go_together(mistake: Mistake) -> None:
    check(mistake)


def test_a_circle_of_builds_is_named_from_each_of_them() -> None:
    builds = {"a": build({"build": "b"}), "b": build({"build": "a"}), "c": build({"build": "a"})}
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(image_builds=builds), "a test")
    assert [(problem.path, problem.what.rpartition(": ")[2]) for problem in caught.value.problems] == [
        ("image_builds.a.base_image", "a → b → a"),
        ("image_builds.b.base_image", "b → a → b"),
    ]
