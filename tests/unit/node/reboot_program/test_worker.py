"""The worker against a cloud over HTTP and a Slurm that remembers what it was told."""

from __future__ import annotations

import time

import pytest

from node.reboot_program.cloud import Cloud
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.spool import RebootRequest, Spool
from slurm_appliance.nodes.access_rules import Endpoints, access_rules
from tests.fakes.nova import PROJECT
from tests.unit.node.reboot_program.bed import Bed, until


@pytest.mark.parametrize("volume_backed", [False, True])
def test_a_rebuild_then_a_plain_reboot(bed: Bed, volume_backed: bool) -> None:
    bed.nodes("c1", "c2", volume_backed=volume_backed)
    bed.ask()
    bed.work()

    assert (bed.image("c1"), bed.image("c2")) == (bed.new, bed.new)
    bed.slurm.asks_for("c1")
    bed.ask("c1")
    bed.work()

    assert bed.actions("c1") == ["rebuild", "reboot"]
    assert bed.actions("c2") == ["rebuild"]
    assert bed.slurm.told == []
    assert {call.version for call in bed.cloud.calls if call.action == "rebuild"} == {
        "compute 2.93" if volume_backed else "compute 2.47"
    }


def test_nothing_is_booted_so_early_that_slurm_takes_it_for_an_earlier_boot(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    spool = Spool(bed.settings.spool)
    spool.add(RebootRequest(("c1",), time.time()))
    spool.add(RebootRequest(("c2",), time.time() - 60))
    worker = bed.worker(gap=60.0)
    until(lambda: bed.actions("c2") == ["rebuild"], worker)
    assert bed.actions("c1") == []


def test_a_node_that_slurm_does_not_reach_is_booted_so_that_slurm_can_reboot_it(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    unreached = SlurmNode("c1", frozenset({"DOWN", "DRAIN", "REBOOT_REQUESTED", "NOT_RESPONDING"}))
    bed.slurm.view.update(c1=unreached, c2=SlurmNode("c2", frozenset({"DOWN", "NOT_RESPONDING"})))
    bed.cloud.on_boot = lambda _name: None
    worker = bed.worker()
    until(lambda: bed.image("c1") == bed.new, worker)
    assert [entry.node for entry in Spool(bed.settings.spool).entries() if entry.woken] == ["c1"]

    # It answers, and Slurm calls for the reboot that it was asked for.
    bed.slurm.asks_for("c1")
    bed.cloud.on_boot = bed.slurm.booted
    bed.ask("c1")
    until(lambda: not list(Spool(bed.settings.spool).entries()), worker)
    assert bed.slurm.view["c1"].in_service
    assert bed.actions("c2") == [], "nobody asked for this one"


def test_a_node_that_is_back_can_be_asked_for_again_before_the_worker_has_seen_it(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.on_boot = lambda _name: None
    spool = Spool(bed.settings.spool)
    spool.add(RebootRequest(("c1",), time.time() - 20))
    worker = bed.worker()
    until(lambda: any(entry.booting for entry in spool.entries()), worker)
    # The first reboot is over and the second asked for between two looks: Slurm's view is the same.
    bed.cloud.on_boot = bed.slurm.booted
    spool.add(RebootRequest(("c1",), time.time()))
    until(lambda: not list(spool.entries()), worker)
    assert bed.actions("c1") == ["rebuild", "reboot"]
    assert bed.slurm.told == []


def test_safe_to_call_twice(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    bed.ask()
    bed.ask()
    worker = bed.worker()
    until(lambda: bed.actions("c1") == ["rebuild"], worker)
    bed.ask()
    until(lambda: bed.slurm.view["c1"].in_service and not list(Spool(bed.settings.spool).entries()), worker)

    assert bed.actions("c1") == ["rebuild"]


def test_a_rebuild_begun_by_somebody_else_is_left_alone(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    Cloud.open(bed.clouds, "reboot").rebuild(_server(bed, "c1"), bed.new)
    bed.ask()
    bed.work()

    assert bed.actions("c1") == ["rebuild"]


def test_a_node_with_jobs_is_never_touched(bed: Bed) -> None:
    bed.nodes("c1")
    bed.slurm.view["c1"] = SlurmNode("c1", frozenset({"ALLOCATED"}), allocated_cpus=2)
    Spool(bed.settings.spool).add(RebootRequest(("c1",), time.time() - 60))
    bed.work()

    assert bed.cloud.calls == []
    assert bed.slurm.told == []


def test_a_new_worker_goes_on(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    bed.cloud.rebuild_seconds = 0.5
    bed.ask()
    worker = bed.worker()
    until(lambda: bool(bed.actions("c1")), worker)
    bed.work()

    assert bed.actions("c1") == bed.actions("c2") == ["rebuild"]
    assert {bed.image("c1"), bed.image("c2")} == {bed.new}


def test_the_target_changes_during_the_rebuild(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    bed.cloud.on_boot = lambda _name: None
    bed.ask()
    worker = bed.worker()
    until(lambda: bed.actions("c1") == ["rebuild"], worker)
    newest = bed.cloud.add_image()
    bed.target(newest)
    until(lambda: len(bed.actions("c1")) == 2, worker)
    bed.cloud.on_boot = bed.slurm.booted
    until(lambda: bed.slurm.view["c1"].in_service, worker)

    assert bed.image("c1") == newest


@pytest.mark.parametrize("volume_backed", [False, True])
def test_no_call_that_the_access_rules_do_not_allow(bed: Bed, volume_backed: bool) -> None:
    bed.nodes("c1", "c2", volume_backed=volume_backed)
    endpoints = Endpoints(compute="/compute/v2.1", image="/image/v2", block_storage=f"/volume/v3/{PROJECT}")
    bed.cloud.rules = [
        {"method": rule.method, "path": rule.path}
        for rule in access_rules(list(bed.ids.values()), endpoints, volume_backed=volume_backed)
    ]
    bed.ask()
    bed.work()
    bed.slurm.asks_for("c1", "c2")
    bed.ask()
    bed.work()

    assert bed.actions("c1") == ["rebuild", "reboot"]
    assert not [call for call in bed.cloud.calls if call.status == 401]


def test_no_more_calls_at_one_time_than_allowed(bed: Bed) -> None:
    bed.nodes(*(f"c{number}" for number in range(30)))
    bed.cloud.latency = 0.02
    bed.ask()
    bed.work(parallel=4)

    assert bed.cloud.most_at_once == 4
    assert {bed.image(name) for name in bed.ids} == {bed.new}


def _server(bed: Bed, name: str):  # type: ignore[no-untyped-def]  # Server | None of the program
    return Cloud.open(bed.clouds, "reboot").server(bed.ids[name])
