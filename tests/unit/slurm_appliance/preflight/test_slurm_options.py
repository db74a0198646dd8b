"""Options of a stack file that Slurm in the control node's image no longer takes."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.preflight import Findings, examine
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, image, server
from tests.unit.slurm_appliance.config.examples import smallest

COMPUTE = {"general": {"nodes": ["c-[0-1]"], "flavor": "m1.small"}}


def found(version: str, slurm: dict[str, Any], *, running: str = "", **changes: Any) -> Findings:
    """What is said when the control node's image has a version of Slurm."""
    config = from_mapping(smallest(compute=COMPUTE, slurm=slurm, **changes), "test", environment="test")
    images = (image(IMAGE, "slurm-2026-11", slurm=version), image(OTHER_IMAGE, "slurm-other", slurm=running))
    servers = (server("demo-control", image_id=OTHER_IMAGE),) if running else ()
    return examine(config, cloud(images=images, servers=servers, volumes=()))


@pytest.mark.parametrize(
    ("version", "slurm", "path"),
    [
        ("24.11.5-4+deb13u1", {"options": {"selecttype": "select/cons_res"}}, "slurm.options.selecttype"),
        ("26.05.5-1", {"options": {"SlurmctldPlugstack": "slurmctld/nonstop"}}, "slurm.options.SlurmctldPlugstack"),
        ("24.11.5", {"cgroup": {"ConstrainKmemSpace": "no"}}, "slurm.cgroup.ConstrainKmemSpace"),
    ],
)
def test_what_slurm_refuses_is_a_problem(version: str, slurm: dict[str, Any], path: str) -> None:
    findings = found(version, slurm)

    assert [problem.path for problem in findings.problems] == [path]
    assert findings.notes == ()
    assert found("22.05.8-4+deb12u3", slurm).problems == ()


@pytest.mark.parametrize(
    ("version", "slurm", "path"),
    [
        ("24.11.5", {"options": {"PowerPlugin": "power/none"}}, "slurm.options.PowerPlugin"),
        ("26.05.5", {"options": {"JobContainerType": "job_container/tmpfs"}}, "slurm.options.JobContainerType"),
        ("24.11.5", {"cgroup": {"CgroupAutomount": "yes"}}, "slurm.cgroup.CgroupAutomount"),
        (
            "26.05.5",
            {"partitions": {"batch": {"groups": ["general"], "options": {"ExclusiveUser": "YES"}}}},
            "slurm.partitions.batch.options.ExclusiveUser",
        ),
    ],
)
def test_what_slurm_ignores_or_renamed_is_a_note(version: str, slurm: dict[str, Any], path: str) -> None:
    findings = found(version, slurm)

    assert findings.problems == ()
    assert [note.path for note in findings.notes] == [path]


def test_what_to_use_instead_is_said() -> None:
    (problem,) = found("24.11.5-4+deb13u1", {"options": {"SelectType": "select/cons_res"}}).problems

    assert all(fact in problem.what for fact in ("24.11.5", "SelectType=select/cons_res", "23.11"))
    assert problem.remedy == "use SelectType=select/cons_tres"


def test_an_upgrade_is_shown_beside_it() -> None:
    findings = found("26.05.5", {"options": {"AccountingStorageUser": "slurm"}}, running="24.11.5")

    upgrade, ignored = (note.what for note in findings.notes)
    assert "24.11.5 → 26.05.5" in upgrade
    assert all(fact in ignored for fact in ("26.05.5", "AccountingStorageUser", "25.11"))


@pytest.mark.parametrize("version", ["", "unknown"])
def test_an_image_whose_record_does_not_say_is_passed_over(version: str) -> None:
    assert found(version, {"options": {"SelectType": "select/cons_res"}}).problems == ()


def test_the_image_of_the_control_node_counts() -> None:
    slurm = {"options": {"SelectType": "select/cons_res"}}
    compute = {"general": {**COMPUTE["general"], "image": "slurm-other"}}
    config = from_mapping(smallest(compute=compute, slurm=slurm), "test", environment="test")
    images = (image(IMAGE, "slurm-2026-11", slurm="22.05.8"), image(OTHER_IMAGE, "slurm-other", slurm="22.05.8"))

    assert examine(config, cloud(images=images, volumes=())).problems == ()
