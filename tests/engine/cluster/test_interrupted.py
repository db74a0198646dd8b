"""A run is killed at any moment, and the next one completes: nothing is lost, nothing is there twice."""

import itertools
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slurm_appliance.api import CancelledError, open_cluster
from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.lock import holders
from tests.engine.cluster.killing import run_and_signal, run_until
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.fakes.project import FakeProject
from tests.fakes.project.http import RefusalError, Request


def layout_of(rig: Rig) -> StackPlace:
    layout = rig.session().layout
    assert layout is not None
    return layout


NODES = ["demo-c-0", "demo-c-1", "demo-control", "demo-login-0"]


def complete(rig: Rig, project: FakeProject) -> None:
    """Each thing is in the cloud once, and the state knows it."""
    network, compute = project.network, project.compute
    assert sorted(server["name"] for server in compute.servers.things.values()) == NODES
    assert rig.ids() == {server["name"]: id_ for id_, server in compute.servers.things.items()}
    assert set(rig.ids("Port").values()) == set(network.ports.things)
    assert set(rig.ids("SecGroup").values()) == set(network.security_groups.things)
    assert set(rig.ids("SecGroupRule").values()) == set(network.rules.things)
    assert set(rig.ids("Volume").values()) == set(project.volume.volumes.things)
    control = rig.ids()["demo-control"]
    for volume in project.volume.volumes.things.values():
        assert [each["server_id"] for each in volume["attachments"]] == [control]
    assert "pending_operations" not in rig.session().deployment()


# A run makes two groups, ten rules, two volumes, four ports, four servers and two attachments, in about this order.
@pytest.mark.parametrize(
    "moment", [1, 13, 24, *(pytest.param(each, marks=pytest.mark.extended) for each in (2, 4, 9, 15, 18, 20, 22))]
)
def test_the_next_run_completes(rig: Rig, project: FakeProject, tmp_path: Path, moment: int) -> None:
    run_until(rig, tmp_path, project, moment, effective=True)
    rig.up()
    assert any("stale lock" in line for line in rig.lines)
    complete(rig, project)
    assert set(rig.up().changes) == {"same"}


@pytest.mark.parametrize("moment", [3, 16, 21])
def test_the_next_run_completes_where_the_last_call_was_lost(
    rig: Rig, project: FakeProject, tmp_path: Path, moment: int
) -> None:
    run_until(rig, tmp_path, project, moment, effective=False)
    rig.up()
    complete(rig, project)


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(each, marks=pytest.mark.extended) for each in (signal.SIGHUP, signal.SIGINT))],
)
def test_a_signal_to_the_process_alone_ends_everything_in_order(
    rig: Rig, project: FakeProject, tmp_path: Path, number: signal.Signals
) -> None:
    """As CI does it: no terminal, and nobody signals the engine."""
    project.compute.build_seconds = 2.0
    ended = run_and_signal(rig, tmp_path, project, 18, number)
    assert ended.status == 128 + number, ended.output
    assert ended.left == [], "the engine and its plugins ended, too"
    assert f"cancelled by {number.name}" in ended.output
    assert not list(holders(layout_of(rig))), "the lock is free"
    project.compute.build_seconds = 0.0
    rig.up()
    complete(rig, project)
    assert set(rig.up().changes) == {"same"}


def test_a_program_cancels_what_it_runs_in_another_thread(rig: Rig, project: FakeProject) -> None:
    rig.session()
    cluster = open_cluster(rig.name, stacks=rig.stacks, exclude=WITHOUT_SITE)
    posts = itertools.count(1)

    def cancel(request: Request) -> None:
        if request.method == "POST" and "tokens" not in request.parts and next(posts) == 18:
            cluster.cancel()

    project.compute.build_seconds = 2.0
    project.api.before = cancel
    with ThreadPoolExecutor() as pool, pytest.raises(CancelledError, match="cancelled by the program"):
        pool.submit(cluster.up).result()
    project.api.before = lambda _request: None
    assert not list(holders(layout_of(rig)))
    project.compute.build_seconds = 0.0
    rig.up()
    complete(rig, project)
    assert set(rig.up().changes) == {"same"}


@pytest.mark.extended
def test_a_command_that_failed_runs_again_even_if_the_change_is_taken_back(rig: Rig) -> None:
    rig.up()
    inventory = rig.session().folder.inventory
    before = {path.name: path.read_bytes() for path in inventory.rglob("*.yml")}
    (inventory / "hosts.yml").unlink()
    (inventory / "hosts.yml").mkdir()
    rig.settings["motd"] = "Be careful"
    with pytest.raises(EngineError):
        rig.up()
    (inventory / "hosts.yml").rmdir()
    del rig.settings["motd"]
    steps = [step.urn.rpartition("::")[2] for step in rig.preview().steps]
    assert "inventory" in steps
    assert "update" in rig.up().changes
    assert any("inventory did not succeed" in line for line in rig.lines)
    assert {path.name: path.read_bytes() for path in inventory.rglob("*.yml")} == before
    assert set(rig.up().changes) == {"same"}


@pytest.mark.extended
def test_again_and_again(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    for moment in (5, 5, 5, 4, 3):
        run_until(rig, tmp_path, project, moment, effective=True)
    rig.up()
    complete(rig, project)


def test_a_server_that_nova_cannot_make_is_made_by_the_next_run(rig: Rig, project: FakeProject) -> None:
    project.compute.failing = {"demo-c-1"}
    with pytest.raises(EngineError, match="demo-c-1"):
        rig.up()
    (row,) = [row for row in rig.preview().rows if row.node == "demo-c-1"]
    assert (row.action, row.why) == (NodeAction.CREATE, "Nova could not create it: will be created again")
    rig.up()
    assert any("demo-c-1 that the cloud failed to create" in line for line in rig.lines)
    complete(rig, project)
    assert {server["status"] for server in project.compute.servers.things.values()} == {"ACTIVE"}
    assert set(rig.up().changes) == {"same"}


def test_destroy_takes_what_an_interrupted_run_left(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    run_until(rig, tmp_path, project, 20, effective=True)
    rig.destroy(delete_volumes=True)
    assert not project.compute.servers.things
    assert not project.network.ports.things
    assert not project.volume.volumes.things
    assert not project.network.security_groups.things
    assert list(rig.resources()) == []


def test_a_floating_ip_that_was_allocated_is_released(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    rig.settings["login"]["entry"]["fip_pool"] = "external"
    run_until(rig, tmp_path, project, 1, effective=True, about="floatingips")
    (left,) = project.network.floating_ips.things
    rig.up()
    (used,) = project.network.floating_ips.things.values()
    assert used["id"] != left
    assert used["port_id"] == rig.ids("Port")["demo-login-0.cluster"]
    rig.destroy(delete_volumes=True)
    assert not project.network.floating_ips.things


def test_what_cannot_be_read_is_adopted_by_a_later_run(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    """A state that had it without what the cloud says of it would be complete for every later run."""
    run_until(rig, tmp_path, project, 2, effective=True, about="volumes")
    assert project.volume.volumes.things.keys() - rig.ids("Volume").values(), "a volume that the state does not have"

    def refuse(request: Request) -> None:
        if request.method == "GET" and request.parts[-2:-1] == ("volumes",) and request.parts[-1] != "detail":
            raise RefusalError(403, "not now")

    project.api.before = refuse
    with pytest.raises(EngineError, match="not now"):
        rig.up()
    project.api.before = lambda _request: None

    rig.up()
    complete(rig, project)
    volumes = [each for each in rig.resources().values() if each["type"].endswith(":Volume")]
    assert [each["outputs"]["attachments"] is not None for each in volumes] == [True, True], "as the cloud says"


def test_data_is_kept_by_default_after_an_incomplete_destroy_of_it(rig: Rig, project: FakeProject) -> None:
    rig.up()
    volumes = project.volume.volumes.things.keys() | set()

    def refuse(request: Request) -> None:
        if request.method == "DELETE":
            raise RefusalError(403, "not now")

    project.api.before = refuse
    with pytest.raises(EngineError, match="not now"):
        rig.destroy(delete_volumes=True)
    project.api.before = lambda _request: None

    rig.destroy()
    assert not project.compute.servers.things
    assert project.volume.volumes.things.keys() == volumes
