"""The worker against a cloud over HTTP and a Slurm that remembers what it was told."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.reboot_program.cloud import Cloud
from node.reboot_program.connection import Connection
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.spool import Entry, RebootRequest, Spool
from node.reboot_program.worker import RebootWorker
from slurm_appliance.nodes.access_rules import Endpoints, access_rules
from tests.fakes.nova import PROJECT, FakeCloud, Fault
from tests.unit.node.reboot_program.bed import Bed


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    with FakeCloud().serving() as cloud:
        yield Bed(tmp_path, cloud)


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
    _until(lambda: bed.actions("c2") == ["rebuild"], worker)
    assert bed.actions("c1") == []


def test_a_node_that_slurm_does_not_reach_is_booted_so_that_slurm_can_reboot_it(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    unreached = SlurmNode("c1", frozenset({"DOWN", "DRAIN", "REBOOT_REQUESTED", "NOT_RESPONDING"}))
    bed.slurm.view.update(c1=unreached, c2=SlurmNode("c2", frozenset({"DOWN", "NOT_RESPONDING"})))
    bed.cloud.on_boot = lambda _name: None
    worker = bed.worker()
    _until(lambda: bed.image("c1") == bed.new, worker)
    assert [entry.node for entry in Spool(bed.settings.spool).entries() if entry.woken] == ["c1"]

    # It answers, and Slurm calls for the reboot that it was asked for.
    bed.slurm.asks_for("c1")
    bed.cloud.on_boot = bed.slurm.booted
    bed.ask("c1")
    _until(lambda: not list(Spool(bed.settings.spool).entries()), worker)
    assert bed.slurm.view["c1"].in_service
    assert bed.actions("c2") == [], "nobody asked for this one"


def test_a_node_that_is_back_can_be_asked_for_again_before_the_worker_has_seen_it(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.on_boot = lambda _name: None
    spool = Spool(bed.settings.spool)
    spool.add(RebootRequest(("c1",), time.time() - 20))
    worker = bed.worker()
    _until(lambda: any(entry.booting for entry in spool.entries()), worker)
    # The first reboot is over and the second asked for between two looks: Slurm's view is the same.
    bed.cloud.on_boot = bed.slurm.booted
    spool.add(RebootRequest(("c1",), time.time()))
    _until(lambda: not list(spool.entries()), worker)
    assert bed.actions("c1") == ["rebuild", "reboot"]
    assert bed.slurm.told == []


def test_safe_to_call_twice(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    bed.ask()
    bed.ask()
    worker = bed.worker()
    _until(lambda: bed.actions("c1") == ["rebuild"], worker)
    bed.ask()
    _until(lambda: bed.slurm.view["c1"].in_service and not list(Spool(bed.settings.spool).entries()), worker)

    assert bed.actions("c1") == ["rebuild"]


def test_a_rebuild_begun_by_somebody_else_is_left_alone(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    Cloud.open(bed.clouds, "reboot").rebuild(_server(bed, "c1"), bed.new)
    bed.ask()
    bed.work()

    assert bed.actions("c1") == ["rebuild"]


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
    assert "does not exist" in reasons["c1",]
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
    assert "does not exist" in bed.slurm.told[0][2]
    # The missing image is asked for once, not twenty times.
    assert len([call for call in bed.cloud.calls if "/images/" in call.path]) == 1


def test_conflict_for_ever_ends_with_a_reason(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.faults.append(Fault("POST", "/action", 409, times=10_000))
    bed.ask()
    bed.work(limit=3.0)

    state, names, reason = bed.slurm.told[0]
    assert (state, names) == ("DOWN", ("c1",))
    assert "got 409 (req-" in reason


def test_slurm_hears_the_reason_in_time_however_long_the_cloud_wants_to_be_left_alone(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.faults.append(Fault("POST", "/action", 429, times=10_000, headers={"Retry-After": "300"}))
    bed.ask()
    _until(lambda: bed.slurm.told, bed.worker(limit=2.0))
    assert "got 429 (req-" in bed.slurm.told[0][2]


def test_error_after_rebuild(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_ends_in_error["c1"] = "no valid host"
    bed.ask()
    bed.work()

    # Its old image is gone: should somebody heal the server, Slurm may have the node back.
    ((state, names, reason),) = bed.slurm.told
    assert (state, names) == ("DOWN", ("c1",))
    assert "ended in ERROR (req-" in reason
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
    assert "slurmd has not registered" in reason


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


def test_a_node_with_jobs_is_never_touched(bed: Bed) -> None:
    bed.nodes("c1")
    bed.slurm.view["c1"] = SlurmNode("c1", frozenset({"ALLOCATED"}), allocated_cpus=2)
    Spool(bed.settings.spool).add(RebootRequest(("c1",), time.time() - 60))
    bed.work()

    assert bed.cloud.calls == []
    assert bed.slurm.told == []


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
    _until(lambda: [state for state, _, _ in bed.slurm.told] == ["DOWN", "DRAIN"], worker)
    # Through several looks at which there is nothing to do.
    end = time.monotonic() + 2.5
    _until(lambda: time.monotonic() > end, worker)
    # ResumeTimeout ends, and takes the DRAIN away.
    bed.slurm.view["c1"] = SlurmNode("c1", frozenset({"DOWN", "NOT_RESPONDING"}))
    _until(lambda: not list(Spool(bed.settings.spool).entries()), worker)

    assert [state for state, _, _ in bed.slurm.told] == ["DOWN", "DRAIN", "DRAIN"]
    assert "DRAIN" in bed.slurm.view["c1"].flags


def test_slurm_away_for_a_while(bed: Bed) -> None:
    bed.nodes("c1")
    bed.slurm.away = 2
    bed.ask()
    bed.work()

    assert bed.image("c1") == bed.new


def test_a_new_worker_goes_on(bed: Bed) -> None:
    bed.nodes("c1", "c2")
    bed.cloud.rebuild_seconds = 0.5
    bed.ask()
    worker = bed.worker()
    _until(lambda: bool(bed.actions("c1")), worker)
    bed.work()

    assert bed.actions("c1") == bed.actions("c2") == ["rebuild"]
    assert {bed.image("c1"), bed.image("c2")} == {bed.new}


def test_the_target_changes_during_the_rebuild(bed: Bed) -> None:
    bed.nodes("c1")
    bed.cloud.rebuild_seconds = 1.0
    bed.cloud.on_boot = lambda _name: None
    bed.ask()
    worker = bed.worker()
    _until(lambda: bed.actions("c1") == ["rebuild"], worker)
    newest = bed.cloud.add_image()
    bed.target(newest)
    _until(lambda: len(bed.actions("c1")) == 2, worker)
    bed.cloud.on_boot = bed.slurm.booted
    _until(lambda: bed.slurm.view["c1"].in_service, worker)

    assert bed.image("c1") == newest


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


def _until(true: Callable[[], object], worker: RebootWorker, seconds: float = 15.0) -> None:
    """Let a worker step until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not so within {seconds} s"
        worker.step()
        time.sleep(0.02)
