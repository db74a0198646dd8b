"""The worker when the cloud, a node or Slurm fails: what passes is tried again, for the rest Slurm hears why."""

from __future__ import annotations

import time

import pytest

from node.reboot_program.cloud import Cloud
from node.reboot_program.connection import Connection
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.spool import Entry, Spool
from node.reboot_program.worker import RebootWorker
from tests.fakes.nova import Fault
from tests.unit.node.reboot_program.bed import Bed, until


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "/action", 500, times=3),
        Fault("POST", "/action", 409, times=2),
        Fault("GET", "/servers/", 503, times=4),
        Fault("GET", "/images/", 502),
        Fault("POST", "/action", drop=True),
        Fault("GET", "/servers/", drop=True, times=2),
        # Nova has begun, but its answer is lost.
        Fault("POST", "/action", drop=True, after=True),
        Fault("POST", "/action", 504, after=True),
        Fault("POST", "/auth/tokens", 503),
        Fault("POST", "/auth/tokens", 401),
    ],
    ids=lambda fault: f"{fault.method}{fault.path}-{fault.status}{'-drop' * fault.drop}{'-after' * fault.after}",
)
def test_what_passes_is_tried_again(bed: Bed, fault: Fault) -> None:
    bed.nodes("c1", "c2", "c3")
    bed.cloud.faults.append(fault)
    bed.ask()
    bed.work()

    assert {bed.image(name) for name in bed.ids} == {bed.new}
    assert [bed.actions(name).count("rebuild") for name in bed.ids] == [1, 1, 1] or fault.after
    assert len([each for each in bed.cloud.operations if each.verb == "rebuild"]) == 3
    assert bed.slurm.told == []


def test_retry_after_is_kept(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.faults.append(Fault("POST", "/action", 429, headers={"Retry-After": "2"}))
    bed.ask()
    bed.work()

    refused, accepted = [call for call in bed.cloud.calls if call.action == "rebuild"]
    assert refused.status == 429
    assert accepted.at - refused.at >= 2.0


def test_one_failure_harms_no_other(bed: Bed) -> None:
    bed.nodes("c1", "c2", "c3")
    bed.cloud.faults.append(Fault("POST", bed.ids["c2"], 403, times=99))
    del bed.cloud.servers[bed.ids["c1"]]
    bed.ask()
    bed.work()

    assert bed.image("c3") == bed.new
    reasons = {names: reason for state, names, reason in bed.slurm.told if state == "DOWN"}
    assert bed.ids["c1"] in reasons["c1",]
    assert "403 (req-" in reasons["c2",]
    # Neither was rebuilt, so both are kept out of service.
    assert {(state, names) for state, names, _ in bed.slurm.told} >= {("DRAIN", ("c1",)), ("DRAIN", ("c2",))}


def test_an_answer_that_nobody_thought_of_harms_no_other(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    del bed.cloud.servers[bed.ids["c1"]]["status"]
    bed.ask()
    bed.work()

    assert bed.image("c2") == bed.new
    assert "KeyError('status')" in bed.slurm.told[0][2]


def test_nodes_that_fail_alike_are_one_call_to_slurm(bed: Bed) -> None:
    bed.nodes(*(f"c{number}" for number in range(20)))
    del bed.cloud.images[bed.new]
    bed.ask()
    bed.work()

    assert [state for state, names, _ in bed.slurm.told if len(names) == 20] == ["DOWN", "RESUME", "DRAIN"]
    assert bed.new in bed.slurm.told[0][2]
    # The missing image is asked for once, not twenty times.
    assert len([call for call in bed.cloud.calls if "/images/" in call.path]) == 1


def test_conflict_for_ever_ends_with_a_reason(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.faults.append(Fault("POST", "/action", 409, times=10_000))
    bed.ask()
    bed.work(limit=3.0)

    state, names, reason = bed.slurm.told[0]
    assert (state, names) == ("DOWN", ("c1",))
    assert "409 (req-" in reason


def test_slurm_hears_the_reason_in_time_however_long_the_cloud_wants_to_be_left_alone(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.faults.append(Fault("POST", "/action", 429, times=10_000, headers={"Retry-After": "300"}))
    bed.ask()
    until(lambda: bed.slurm.told, bed.worker(limit=2.0))
    assert "429 (req-" in bed.slurm.told[0][2]


def test_error_after_rebuild(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_ends_in_error["c1"] = "no valid host"
    bed.ask()
    bed.work()

    # Its old image is gone: should somebody heal the server, Slurm may have the node back.
    ((state, names, reason),) = bed.slurm.told
    assert (state, names) == ("DOWN", ("c1",))
    assert "ERROR (req-" in reason
    assert "no valid host" in reason
    bed.cloud.rebuild_ends_in_error.clear()
    bed.slurm.asks_for("c1")
    bed.ask()
    bed.work()
    assert bed.slurm.view["c1"].in_service


def test_a_server_that_never_boots(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.on_boot = lambda _name: None
    bed.ask()
    bed.work(limit=3.0)

    ((state, _, reason),) = bed.slurm.told
    assert state == "DOWN"
    assert "slurmd" in reason


def test_a_node_that_did_not_come_up_is_not_asked_to_reboot_itself(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.on_boot = lambda _name: None
    bed.ask()
    bed.work(limit=2.0)
    assert bed.slurm.told[0][0] == "DOWN"

    bed.cloud.on_boot = bed.slurm.booted
    for kind in ("HARD", "SOFT"):
        bed.slurm.asks_for("c1")
        bed.ask()
        bed.work()
        assert [call.body["reboot"]["type"] for call in bed.cloud.calls if call.action == "reboot"][-1] == kind
        assert bed.slurm.view["c1"].in_service


@pytest.mark.parametrize(("hold", "told"), [(True, ["DRAIN"]), (False, [])])
def test_a_node_that_slurm_took_back_is_drained_not_downed(bed: Bed, hold: bool, told: list[str]) -> None:
    bed.nodes("c1")
    Spool(bed.settings.spool).save(Entry("c1", time.time(), failed="why", hold=hold))
    bed.slurm.booted("c1")
    bed.work()

    assert [state for state, _, _ in bed.slurm.told] == told


def test_a_node_that_srun_reboots_is_held_beyond_the_end_of_its_reboot(bed: Bed) -> None:
    bed.nodes("c1")
    bed.slurm.view["c1"] = SlurmNode("c1", frozenset({"ALLOCATED", "NOT_RESPONDING", "POWERING_UP"}))
    del bed.cloud.images[bed.new]
    bed.ask()
    worker = bed.worker()
    until(lambda: [state for state, _, _ in bed.slurm.told] == ["DOWN", "DRAIN"], worker)
    # Through several looks at which there is nothing to do.
    end = time.monotonic() + 2.5
    until(lambda: time.monotonic() > end, worker)
    # ResumeTimeout ends, and takes the DRAIN away.
    bed.slurm.view["c1"] = SlurmNode("c1", frozenset({"DOWN", "NOT_RESPONDING"}))
    until(lambda: not list(Spool(bed.settings.spool).entries()), worker)

    assert [state for state, _, _ in bed.slurm.told] == ["DOWN", "DRAIN", "DRAIN"]
    assert "DRAIN" in bed.slurm.view["c1"].flags


def test_slurm_away_for_a_while(bed: Bed) -> None:
    bed.nodes("c1")
    bed.slurm.away = 2
    bed.ask()
    bed.work()

    assert bed.image("c1") == bed.new


def test_a_rotated_credential_is_read_again(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    connected: list[int] = []
    good = bed.clouds.read_text()
    bed.clouds.write_text(good.replace(bed.cloud.url, bed.cloud.url + "/gone"))

    def connect() -> Cloud:
        if connected:
            bed.clouds.write_text(good)
        connected.append(1)
        return Cloud.open(bed.clouds, "reboot")

    bed.cloud.faults.append(Fault("POST", "/gone/", 401, times=99))
    bed.ask()
    until = time.monotonic() + 20
    RebootWorker(bed.settings, bed.slurm, Connection(connect), draw=lambda: 0.0).run(
        lambda: time.monotonic() > until, once=True
    )

    assert len(connected) >= 2
    assert {bed.image("c1"), bed.image("c2")} == {bed.new}
