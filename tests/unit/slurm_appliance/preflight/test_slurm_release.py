"""Slurm's release in the images against the one that runs."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.preflight import Findings, examine
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, image, server
from tests.unit.slurm_appliance.config.examples import smallest

GROUPS = {
    "login": {"entry": {"nodes": ["login-0"], "flavor": "m1.small"}},
    "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": "m1.small"}},
}


def found(
    running: str, wanted: str, *, there: bool = True, backup: str = "", package_family: str = "", **changes: Any
) -> Findings:
    """What is said when the control node runs one version, its image has another, and perhaps a backup is restored."""
    config = from_mapping(smallest(**{**GROUPS, **changes}), "test", environment="test")
    images = (
        image(IMAGE, "slurm-2026-11", slurm=wanted, package_family=package_family),
        image(OTHER_IMAGE, "slurm-other", slurm=running),
    )
    servers = (server("demo-control", image_id=OTHER_IMAGE),) if there else ()
    return examine(config, cloud(images=images, servers=servers, volumes=(), slurm_state=backup))


@pytest.mark.parametrize(
    ("running", "wanted"),
    [
        ("22.05.8-4+deb12u3", "24.11.5-4+deb13u1"),
        ("24.11.5-4+deb13u1", "22.05.8-4+deb12u3"),
        ("26.05.5-1", "25.11.3-1"),
    ],
)
def test_what_slurm_cannot_upgrade_is_refused(running: str, wanted: str) -> None:
    assert [problem.path for problem in found(running, wanted).problems] == ["cluster_image"]


def test_the_steps_are_named() -> None:
    (problem,) = found("22.05.8-4", "24.11.5-4").problems

    assert "23.11" in problem.remedy


@pytest.mark.parametrize(
    ("running", "wanted", "said"),
    [
        ("24.11.5-4+deb13u1", "26.05.5-1", ["Slurm 24.11.5 → 26.05.5"]),
        ("24.11.5-4+deb13u1", "24.11.2-1", ["Slurm 24.11.5 → 24.11.2"]),
        ("26.05.5-1", "26.11.0-1", ["Slurm 26.05.5 → 26.11.0"]),
        ("24.11.5-4", "24.11.5-4+deb13u1", []),
        ("", "24.11.5-4", []),
        ("24.11.5-4", "", []),
    ],
)
def test_an_upgrade_is_shown(running: str, wanted: str, said: list[str]) -> None:
    findings = found(running, wanted)

    assert findings.problems == ()
    assert [note.what for note in findings.notes] == said


def test_a_backup_leads_back_to_its_own_release() -> None:
    findings = found("26.05.5-1", "24.11.5-4", backup="24.11.2")

    assert findings.problems == ()
    assert [note.what for note in findings.notes] == ["Slurm 26.05.5 → 24.11.5"]


@pytest.mark.parametrize("wanted", ["26.05.5-1", "24.05.1-1"])
def test_a_backup_is_restored_by_no_other_release(wanted: str) -> None:
    assert [problem.path for problem in found("26.05.5-1", wanted, backup="24.11.2").problems] == ["cluster_image"]


def test_a_cluster_that_is_not_there_takes_any_release() -> None:
    assert found("26.05.5", "22.05.8", there=False).problems == ()


@pytest.mark.parametrize(
    ("other", "refused"), [("24.11.5", False), ("23.11.4", False), ("22.05.8", True), ("26.05.5", True)]
)
def test_no_node_is_newer_than_the_controller_or_too_old_for_it(other: str, refused: bool) -> None:
    compute = {"general": {**GROUPS["compute"]["general"], "image": "slurm-other"}}
    paths = [problem.path for problem in found(other, "24.11.5", there=False, compute=compute).problems]

    assert paths == (["compute.general.image"] if refused else [])


@pytest.mark.parametrize(
    ("auth_type", "version", "refused"),
    [
        ("slurm", "22.05.8-4", True),
        ("slurm", "23.11.4-1", False),
        ("slurm", "", False),
        ("munge", "22.05.8-4", False),
    ],
)
def test_slurm_s_own_authentication_needs_a_release_that_has_it(auth_type: str, version: str, refused: bool) -> None:
    findings = found(version, version, slurm={"auth_type": auth_type})

    paths = {problem.path for problem in findings.problems if "auth/slurm" in problem.what}
    assert paths == ({"cluster_image"} if refused else set())


@pytest.mark.parametrize(("auth_type", "refused"), [("slurm", True), ("munge", False)])
def test_slurm_s_own_authentication_needs_a_package_of_sackd(auth_type: str, refused: bool) -> None:
    findings = found("24.11.5-1", "24.11.5-1", package_family="openhpc", slurm={"auth_type": auth_type})

    assert {problem.path for problem in findings.problems} == ({"cluster_image"} if refused else set())
