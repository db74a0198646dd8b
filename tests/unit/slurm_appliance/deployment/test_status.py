"""What is said of a cluster as a whole."""

import pytest

from slurm_appliance.deployment.status import NodeState, Status


def _status(**versions: str) -> Status:
    nodes = tuple(NodeState("g", name, "ACTIVE", "", "", "", version) for name, version in versions.items())
    return Status("prod", nodes, (), (), (), ())


def test_nodes_that_still_run_a_former_slurm_are_named() -> None:
    status = _status(control="26.05.5", c0="24.11.5", c1="24.11.5", c2="26.05.5", c3="9.11.1")

    assert list(status.lines()) == ["Slurm's versions: 26.05.5 on c2,control; 24.11.5 on c[0-1]; 9.11.1 on c3"]


@pytest.mark.parametrize("versions", [{}, {"control": "26.05.5", "c0": "26.05.5", "c1": ""}])
def test_nothing_is_said_where_all_is_the_same(versions: dict[str, str]) -> None:
    assert list(_status(**versions).lines()) == []


def test_how_selinux_starts_is_said_where_images_have_it() -> None:
    nodes = tuple(
        NodeState("g", name, "ACTIVE", "", "", "", selinux=mode) for name, mode in (("a", "permissive"), ("b", ""))
    )
    assert list(Status("s", nodes, (), (), (), ()).lines()) == ["SELinux: permissive on a"]
