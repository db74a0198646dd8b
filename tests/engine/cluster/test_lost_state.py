"""A state that is lost, mistaken or lacks something: nothing is created twice, and nothing of others is taken."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.deployment import operations
from slurm_appliance.deployment.status import look
from slurm_appliance.errors import ExitStatus, StateError
from slurm_appliance.journal.lock import holders, locked
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.engine.cluster.test_commands import run
from tests.fakes.project import FakeProject
from tests.fakes.project.http import Request


@pytest.fixture
def changes(project: FakeProject) -> Iterator[list[str]]:
    """The calls that would change anything in the project, from now on."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if request.method != "GET" and "tokens" not in request.parts:
            seen.append(f"{request.method} {'/'.join(request.parts)}")

    project.api.before = note
    yield seen
    project.api.before = lambda _request: None


def change_state(rig: Rig, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    session = rig.session()
    with session.held("a test"):
        deployment = session.deployment()
        session.set_deployment(deployment | {"resources": change(deployment["resources"])})


def lose(rig: Rig, *names: str) -> None:
    """Let the state forget resources, and what refers to them."""

    def without(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        gone = {each["urn"] for each in resources if each["urn"].rpartition("::")[2] in names}
        left = [each for each in resources if each["urn"] not in gone and each.get("deletedWith") not in gone]
        for each in left:
            each["dependencies"] = [urn for urn in each.get("dependencies") or [] if urn not in gone]
            each.pop("propertyDependencies", None)
        return left

    change_state(rig, without)


def excluded() -> list[str]:
    return [word for urn in WITHOUT_SITE for word in ("--exclude", urn)]


def test_a_lost_state_makes_no_second_cluster(
    rig: Rig, changes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{empty}")
    changes.clear()

    seen = run(rig, "preview", "--stack", "test", *excluded())
    assert seen.returncode == 1
    assert f"the state of stack test in file://{empty} records no server" in seen.stderr
    assert "4 servers (demo-c-0, demo-c-1, demo-control, demo-login-0)" in seen.stderr
    assert "PULUMI_BACKEND_URL" in seen.stderr
    assert "2 volumes (demo-home" in seen.stderr

    for more in ((), ("--yes",)):
        refused = run(rig, "up", "--stack", "test", *more, *excluded())
        assert refused.returncode == 1, refused.stdout
        assert "records no server" in refused.stderr
    assert changes == []

    found = look(rig.session())
    assert not found.well
    assert any("up would refuse: state: the state of stack test" in line for line in found.lines())

    with pytest.raises(StateError, match="records no server"):
        operations.destroy(rig.session(), lambda _what: True)
    assert changes == []


def test_plain_pulumi_makes_no_second_cluster_either(
    rig: Rig, changes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{empty}")
    changes.clear()
    pulumi = Pulumi(rig)
    assert pulumi.run("stack", "init", "test").returncode == 0
    for words in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = pulumi.run(*words, "--stack", "test")
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0
        assert f"the state of stack test in file://{empty} records no server" in said
        assert "Traceback" not in said
    assert changes == []


def test_what_another_run_makes_now_is_not_lost(rig: Rig, changes: list[str]) -> None:
    rig.up()
    lose(rig, "demo-c-1")
    place = rig.session().layout
    assert place is not None
    changes.clear()
    with locked(place, "up"):
        (holder,) = holders(place)
        refused = run(rig, "up", "--yes", *excluded(), "--stack", "test")
    assert (refused.returncode, str(holder) in refused.stderr) == (ExitStatus.LOCKED, True), refused.stderr
    refused = run(rig, "up", "--yes", *excluded(), "--stack", "test")
    assert "1 server (demo-c-1 (" in refused.stderr
    assert changes == []


def test_what_the_state_lacks_is_not_made_again(rig: Rig, changes: list[str]) -> None:
    rig.up()
    lose(rig, "demo-c-1", "demo-c-1.cluster", "home")
    changes.clear()
    with pytest.raises(StateError) as refused:
        rig.up()
    said = str(refused.value)
    assert "1 server (demo-c-1 (" in said
    assert "1 port (demo-c-1-cluster (" in said
    assert "1 volume (demo-home (" in said
    assert "demo-c-0" not in said
    with pytest.raises(StateError, match="demo-c-1"):
        rig.preview()
    refused_by_plain = Pulumi(rig).run("up", "--yes", "--skip-preview", "--stack", "test")
    assert refused_by_plain.returncode != 0
    assert "1 server (demo-c-1 (" in refused_by_plain.stdout + refused_by_plain.stderr
    assert changes == []


def test_what_others_have_under_our_names_stays_theirs(rig: Rig, project: FakeProject, changes: list[str]) -> None:
    project.network.security_groups.add(name="demo-login")
    project.volume.volumes.add(name="demo-home", size=1)
    project.network.networks.add(name="own")
    project.compute.key_pairs["mine"] = {"name": "mine"}
    rig.settings["cluster_networks"] = [{"network": "own", "create": {"cidr": "10.9.0.0/24"}}]
    rig.settings["key_pair"] = {
        "name": "mine",
        "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody",
    }
    changes.clear()
    with pytest.raises(StateError) as refused:
        rig.up()
    said = str(refused.value)
    for kind in ("1 security group (demo-login (", "1 volume (demo-home (", "1 network (own (", "1 key pair (mine ("):
        assert kind in said
    assert changes == []


def test_a_namesake_of_what_the_state_records_is_in_nobodys_way(rig: Rig, project: FakeProject) -> None:
    rig.up()
    project.network.security_groups.add(name="demo-login")
    assert set(rig.up().changes) == {"same"}


def test_credentials_of_another_project_change_nothing(rig: Rig, changes: list[str]) -> None:
    rig.up()

    def of_another_project(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for each in resources:
            if "tenantId" in (each.get("outputs") or {}):
                each["outputs"]["tenantId"] = "another-project"
        return resources

    change_state(rig, of_another_project)
    changes.clear()
    for operation in (rig.preview, rig.up, lambda: rig.destroy(delete_volumes=True)):
        with pytest.raises(StateError, match="records resources of project another-project"):
            operation()
    assert changes == []
    assert len(rig.ids()) == 4


def test_nobody_is_asked_where_nobody_answers(rig: Rig, changes: list[str]) -> None:
    changes.clear()
    refused = run(rig, "up", "--stack", "test", *excluded())
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert changes == []
    rig.up()
    assert run(rig, "up", "--stack", "test", *excluded()).returncode == 0
    changes.clear()
    refused = run(rig, "destroy", "--stack", "test")
    assert refused.returncode == 2
    assert changes == []
