"""Preflight checks of images, their builds and their accounts."""

from typing import Any

import pytest

from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image import content
from slurm_appliance.image.spec import ImageBuild
from slurm_appliance.preflight.systems import too_old
from tests.unit.clouds import IMAGE, image
from tests.unit.slurm_appliance.preflight.examined import findings, general, said

#: Facts of the cloud, settings, and the beginning of a problem that follows.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "image by name": (
        {},
        {"cluster_image": "slurm-2026-1"},
        "cluster_image: there is no image slurm-2026-1 in this project → did you mean 'slurm-2026-11'? "
        "allowed: slurm-2026-11, slurm-gpu, slurm-other",
    ),
    "image by id": (
        {},
        {"cluster_image": None, "cluster_image_id": "00000000-0000-4000-8000-000000000000"},
        f"cluster_image_id: there is no image with the ID 00000000-0000-4000-8000-000000000000 → the IDs are: {IMAGE} ",
    ),
    "image of a group": (
        {},
        general(image="other"),
        "compute.general.image: there is no image other in this project → ",
    ),
    "root volume too small for the image": (
        {},
        general(volume_backed_instances=True, root_volume_size=8),
        "compute.general.root_volume_size: root volumes of 8 GB, but image slurm-2026-11 needs 10 GB → set it to 10",
    ),
    "two images of one name": (
        {"images": (image("a", "slurm-2026-11"), image("b", "slurm-2026-11"))},
        {},
        "cluster_image: 2 images have the name slurm-2026-11: a, b → ",
    ),
    "an image that is not ready": (
        {"images": (image("a", "slurm-2026-11", "queued"),)},
        {},
        "cluster_image: image slurm-2026-11 is queued → wait until it is active, or choose",
    ),
    "an image of somebody else's": (
        {"images": (image("a", "slurm-2026-11", digest=""),)},
        {},
        "cluster_image: image slurm-2026-11 was not built by this appliance: nodes that boot it cannot join "
        "a cluster → choose one from './slurm-appliance image list', or set {build: NAME}",
    ),
    "a user's name that the image has": (
        {},
        {"users": {"chief": {"uid": 2001}}},
        "users.chief: chief is a system account with uid 1001 in image slurm-2026-11 → choose another name",
    ),
    "a uid that the image has": (
        {},
        {"users": {"alice": {"uid": 1001}}},
        "users.alice.uid: 1001 is the uid of chief in image slurm-2026-11 → choose another uid",
    ),
    "a group's name that the image has": (
        {},
        {"users": {"render2": {"uid": 2001}}},
        "users.render2: render2 is a system group with gid 1500 in image slurm-2026-11 → choose another name",
    ),
    "a gid that the image has": (
        {},
        {"users": {"alice": {"uid": 1500}}},
        "users.alice.uid: 1500 is the gid of render2 in image slurm-2026-11 → choose another uid",
    ),
    "a disk that is too small": (
        {"images": (image("a", "slurm-2026-11", min_disk=40),)},
        {},
        "login.entry.flavor: flavor m1.small has a disk of 20 GB, image slurm-2026-11 needs 40 GB → choose a flavor wi",
    ),
    "an image that is larger than it says": (
        {"images": (image("a", "slurm-2026-11", size=30),)},
        {},
        "compute.general.flavor: flavor m1.small has a disk of 20 GB, image slurm-2026-11 needs 30 GB",
    ),
    "too little memory": (
        {"images": (image("a", "slurm-2026-11", min_ram=4096),)},
        {},
        "compute.general.flavor: flavor m1.small has 2048 MB of memory, image slurm-2026-11 needs 4096 → choose a larg",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_about_images(case: str) -> None:
    facts, changes, expected = CASES[case]
    problems = said(facts, **changes)
    assert any(problem.startswith(expected) for problem in problems), problems


def test_an_image_that_is_being_replaced_is_no_second_one() -> None:
    images = (image("a", "slurm-2026-11", "deactivated"), image("b", "slurm-2026-11"))
    assert findings({"images": images}).ready("test").images == {ImageSource(name="slurm-2026-11"): "b"}


def test_a_build_makes_its_own_image() -> None:
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    facts = {"images": (image("base", "debian-12", digest=""),)}
    found = findings(facts, cluster_image={"build": "fat"}, image_builds=builds).ready("test")
    assert [(build.name, build.image_id, build.build.base) for build in found.builds] == [("fat", None, "base")]
    assert found.images == {ImageSource(build="fat"): None}
    # Built by now, and of several images with this content the newest.
    (name,) = (build.image_name for build in found.builds)
    made = (image("old", name, created="1", ours=True), image("new", name, created="2", ours=True))
    found = findings({"images": (*facts["images"], *made)}, cluster_image={"build": "fat"}, image_builds=builds).ready(
        ""
    )
    assert found.images == {ImageSource(build="fat"): "new"}


def test_the_files_of_a_build_are_read_once_however_many_groups_boot_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []

    def image_name(_build: ImageBuild, base: str) -> str:
        named.append(base)
        return f"slurm-{base}"

    monkeypatch.setattr(content, "image_name", image_name)
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    own = {"compute": {name: {"nodes": [f"{name}-0"], "flavor": "m1.small"} for name in ("a", "b", "c")}}
    facts = {"images": (image("base", "debian-12", digest=""),)}
    findings(facts, cluster_image={"build": "fat"}, image_builds=builds, **own)
    assert named == ["base"]


def test_a_build_without_its_base_image_is_a_problem_among_the_others() -> None:
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    problems = findings(cluster_image={"build": "fat"}, image_builds=builds, key_pair="nobodys").problems
    assert {problem.path for problem in problems} == {"cluster_image", "key_pair"}


def test_users_that_no_image_knows_and_a_group_of_the_image_by_its_number() -> None:
    assert said(users={"alice": {"uid": 2**31 - 2}, "b.c": {"uid": 2002, "gid": 100}}) == []


def test_an_image_without_a_list_of_accounts_is_noted() -> None:
    found = findings({"images": (image("a", "slurm-2026-11", accounts=""),)}, users={"alice": {"uid": 2001}})
    assert found.problems == ()
    [note] = found.notes
    assert note.path == "users"
    assert "slurm-2026-11" in note.what


@pytest.mark.parametrize(
    ("system", "first"),
    [
        ("Rocky 8.10", "9"),
        ("rocky 8", "9"),
        ("Rocky 9.6", ""),
        ("RedHat 8.4", "9"),
        ("AlmaLinux 8.9", "9"),
        ("almalinux 9", ""),
        ("Debian 10.13", "11"),
        ("debian 12", ""),
        ("ubuntu 20.04", "22"),
        ("rocky", ""),
        ("", ""),
        ("other 1", ""),
    ],
)
def test_systems_with_an_older_python(system: str, first: str) -> None:
    assert too_old(system) == first


def test_an_image_of_a_system_that_nodes_cannot_run() -> None:
    problems = findings({"images": (image("a", "slurm-2026-11", system="Rocky 8.10"),)}).problems
    assert [problem.path for problem in problems] == ["cluster_image"]


def test_a_build_that_starts_from_a_system_that_nodes_cannot_run() -> None:
    builds = {"fat": {"base_image": "rocky-8", "flavor": "m1.small"}}
    facts = {"images": (image("base", "rocky-8", digest="", system="rocky 8.10"),)}
    problems = findings(facts, cluster_image={"build": "fat"}, image_builds=builds).problems
    assert [problem.path for problem in problems] == ["image_builds.fat.base_image"]
