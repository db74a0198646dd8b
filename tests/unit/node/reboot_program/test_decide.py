from __future__ import annotations

from pathlib import Path

import pytest

from node.reboot_program.decide import RebootDecisionKind, await_slurm, decide
from node.reboot_program.facts import NodeServer, RebootFacts, boot_volume, needs_image
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.targets import Target
from tests.unit.node.reboot_program.cases import CASES, WAITING, Case
from toolchain.paths import REPOSITORY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_decision(case: Case) -> None:
    action = decide(case.all_facts())

    assert action.kind is case.kind, action.reason
    assert case.words in action.reason


def test_every_kind_has_a_case() -> None:
    assert {case.kind for case in CASES} == set(RebootDecisionKind)


def test_every_case_is_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "rebuild.md").read_text()
    missing = [case.name for case in CASES if f"| {case.name} | {case.kind.value} |" not in page]

    assert missing == []


@pytest.mark.parametrize(
    ("flags", "waited", "kind"),
    [
        ({"DOWN", "DRAIN", "REBOOT_ISSUED"}, 10.0, RebootDecisionKind.FOLLOW),
        ({"ALLOCATED", "POWERING_UP", "NOT_RESPONDING"}, 10.0, RebootDecisionKind.FOLLOW),
        ({"IDLE"}, 10.0, RebootDecisionKind.LEAVE),
        ({"IDLE", "DRAIN"}, 10.0, RebootDecisionKind.LEAVE),
        ({"ALLOCATED"}, 1000.0, RebootDecisionKind.LEAVE),
        ({"DOWN", "REBOOT_ISSUED"}, 101.0, RebootDecisionKind.FAIL),
        ({"DOWN", "NOT_RESPONDING"}, 10.0, RebootDecisionKind.FAIL),
    ],
)
def test_waiting_for_slurm(flags: set[str], waited: float, kind: RebootDecisionKind) -> None:
    view = SlurmNode("c1", frozenset(flags))

    assert await_slurm(RebootFacts("c1", None, slurm=view, waited=waited), limit=100.0).kind is kind


@pytest.mark.parametrize(("waited", "kind"), [(10.0, RebootDecisionKind.WAIT), (101.0, RebootDecisionKind.FAIL)])
def test_waiting_for_a_node_that_slurm_forgot(waited: float, kind: RebootDecisionKind) -> None:
    assert await_slurm(RebootFacts("c1", None, waited=waited), limit=100.0).kind is kind


def test_the_image_is_asked_for_only_where_something_depends_on_it() -> None:
    target = Target("s", "new")

    assert not needs_image(NodeServer("s", "ACTIVE", image_id="new"), target)
    assert needs_image(NodeServer("s", "ACTIVE", image_id="old"), target)
    assert needs_image(NodeServer("s", "ERROR", image_id="new"), target)
    assert not needs_image(None, target)
    assert not needs_image(NodeServer("s", "ACTIVE"), None)


def test_boot_volume_is_the_bootable_one_on_the_first_device_of_this_server() -> None:
    def volume(name: str, bootable: str, server: str, device: str) -> dict[str, object]:
        return {"id": name, "bootable": bootable, "attachments": [{"server_id": server, "device": device}]}

    volumes = [
        volume("data", "false", "s", "/dev/vda"),
        volume("second", "true", "s", "/dev/vdc"),
        volume("first", "true", "s", "/dev/vdb"),
        volume("shared", "true", "other", "/dev/vda"),
    ]

    assert (boot_volume(volumes, "s") or {})["id"] == "first"
    assert boot_volume(volumes[:1], "s") is None


def test_nothing_here_needs_a_newer_python_than_the_nodes_have() -> None:
    import ast

    for path in (REPOSITORY / "node" / "reboot_program").glob("*.py"):
        ast.parse(path.read_text(), filename=str(path), feature_version=(3, 9))


def test_nothing_here_imports_the_deploy_host_s_packages() -> None:
    for path in Path(REPOSITORY / "node" / "reboot_program").glob("*.py"):
        text = path.read_text()
        assert not any(f"import {name}" in text or f"from {name}" in text for name in ("slurm_appliance", "toolchain"))


def test_a_rebooting_node_is_not_in_service() -> None:
    assert WAITING.rebooting
    assert not WAITING.in_service
