"""Runs after the first: the cloud's resources are compared again only where the comparison can have another result."""

import shutil
from typing import Any

import pytest
from pulumi.automation import PulumiCommand

from slurm_appliance.deployment import comparison, operations
from slurm_appliance.deployment.compared import CLOUD
from slurm_appliance.deployment.keeping import has_hooks
from slurm_appliance.deployment.operations import Done
from slurm_appliance.engine import automation
from slurm_appliance.engine.steps import COMMAND
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.fakes.project import FakeProject
from tests.unit.slurm_appliance.config.leaf import KEY, OTHER_KEY

ALICE = {"alice": {"uid": 2001}}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Each run of the engine: the operation, and whether it compared the cloud's resources."""
    found: list[tuple[str, bool]] = []
    real = automation.run

    def run(stack: Any, operation: automation.Operation, **options: Any) -> automation.OperationOutcome:
        found.append((operation, CLOUD not in options.get("exclude", ())))
        return real(stack, operation, **options)

    monkeypatch.setattr(automation, "run", run)
    return found


def changed(done: Done) -> list[str]:
    """The names of the commands in a plan; there is nothing else in it."""
    assert {step.type for step in done.plan.steps} <= {COMMAND}
    return sorted(step.name for step in done.plan.steps)


def test_a_user_takes_one_run_that_compares_nothing_of_the_cloud(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    ids = rig.ids()
    runs.clear()
    rig.settings["users"] = ALICE
    done = rig.up()
    assert changed(done) == ["inventory"], "the rig leaves site.yml out"
    assert done.counts == done.plan.counts == {"update": 1}
    assert [change.path for change in done.plan.settings] == ["users.alice"]
    assert runs == [("up", False)]
    assert "alice" in (rig.session().folder.folder / "users.json").read_text()
    assert rig.ids() == ids

    runs.clear()
    plan = rig.preview()
    assert plan.steps == ()
    assert rig.up().plan.steps == ()
    assert runs == [("preview", False), ("preview", False)]


def test_an_operation_starts_the_engine_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.up()
    rig.settings["users"] = ALICE
    started: list[str] = []
    real = PulumiCommand.run

    def run(command: PulumiCommand, words: list[str], *more: Any, **options: Any) -> Any:
        started.append(words[0])
        return real(command, words, *more, **options)

    monkeypatch.setattr(PulumiCommand, "run", run)
    rig.up()
    rig.preview()
    assert started == ["up", "preview"]


def test_other_settings_are_compared_whole(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    rig.settings["users"] = ALICE
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    runs.clear()
    assert rig.up().counts["create"] == 2, "a port and a server"
    assert runs == [("preview", True), ("up", True)]
    assert "demo-c-2" in rig.ids()
    runs.clear()
    rig.preview()
    assert runs == [("preview", False)]


def test_what_a_name_stands_for_now_is_compared(rig: Rig, project: FakeProject, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    (image,) = [each for each in project.images.things.values() if each["name"] == "image-a"]
    project.images.delete(image["id"])
    project.add_image("image-a")
    runs.clear()
    plan = rig.preview()
    assert runs == [("preview", True)]
    assert "demo-login-0" in {step.name for step in plan.steps}, "it has another image"


def test_a_key_in_a_file_is_read(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    file = rig.folder / "operators.pub"
    file.write_text(KEY)
    rig.settings["key_pair"] = {"public_key_file": file.name}
    rig.up()
    rig.preview()
    assert runs == [("up", True), ("preview", False)]
    file.write_text(OTHER_KEY)
    runs.clear()
    rig.preview()
    file.unlink()
    with pytest.raises(automation.EngineError, match=r"key_pair\.public_key_file"):
        rig.preview()
    assert runs == [("preview", True)] * 2


def test_what_is_gone_is_compared(rig: Rig, project: FakeProject, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    project.compute.servers.delete(project.compute.servers.named("demo-c-1")["id"])
    rig.settings["users"] = ALICE
    runs.clear()
    assert rig.up().counts["create"] == 1
    assert runs == [("preview", True), ("up", True)]
    assert "demo-c-1" in rig.ids()


def test_another_program_another_machine_and_left_out_nodes(
    rig: Rig, runs: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Rig(rig.folder, excluded=(*WITHOUT_SITE, "**::demo-c-1", "**::demo-c-1.cluster"))
    rig.up()
    part.settings["users"] = rig.settings["users"] = ALICE
    part.up()
    runs.clear()
    part.preview()
    rig.up()
    assert runs == [("preview", False), ("preview", True)], "what was left out was not compared"

    part.settings["users"] = rig.settings["users"] = {}
    rig.up()
    rig.preview()
    runs.clear()
    with monkeypatch.context() as other:
        other.setattr(comparison, "_code", lambda: "of another version")
        rig.preview()
    rig.preview()
    (rig.session().folder.folder / ".compared").unlink()
    rig.preview()
    assert runs == [("preview", True), ("preview", False), ("preview", True)]


def test_files_that_change_during_a_run(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    session = rig.session()

    def approve(_plan: object) -> bool:
        # The engine has its copy.
        rig.stack_file.write_text(rig.stack_file.read_text().replace("c-[0-1]", "c-[0-2]"))
        return True

    assert operations.up(session, approve)
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    runs.clear()
    assert rig.up().counts["create"] == 2
    assert runs == [("preview", True), ("up", True)]


def test_hooks_reach_the_state_of_an_environment_that_is_protected_now(rig: Rig) -> None:
    rig.up()
    rig.settings["protected"] = True
    rig.up()
    rig.settings["users"] = ALICE
    rig.up()
    assert has_hooks(rig.session().deployment())


def declare_an_entry(rig: Rig) -> None:
    """Add a role of the site that compute nodes may run by themselves: their servers' metadata say so."""
    meta = rig.folder / "site/roles/licences/meta"
    meta.mkdir(parents=True)
    (meta / "node_variables.yml").write_text("compute_init: licences\nnode_variables: []\n")


def test_a_role_of_the_site_that_comes_during_a_run(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    def approve(_plan: object) -> bool:
        declare_an_entry(rig)
        return True

    assert operations.up(rig.session(), approve)
    # The program may have read it: what was applied is not what the settings say without it.
    shutil.rmtree(rig.folder / "site")
    runs.clear()
    rig.preview()
    assert runs == [("preview", True)]


def test_a_role_of_the_site_that_servers_are_told_of(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    declare_an_entry(rig)
    runs.clear()
    plan = rig.preview()
    assert runs == [("preview", True)]
    assert {"demo-c-0", "demo-c-1"} <= {step.name for step in plan.steps}


def test_an_approved_plan_is_compared_whole(rig: Rig, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    rig.settings["users"] = ALICE
    runs.clear()
    rig.up(whole_plan=True)
    assert [operation for operation, _ in runs] == ["preview", "up"]


def test_a_run_that_failed_records_nothing_new(rig: Rig, project: FakeProject, runs: list[tuple[str, bool]]) -> None:
    rig.up()
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    project.compute.failing.add("demo-c-2")
    with pytest.raises(automation.EngineError):
        rig.up()
    runs.clear()
    rig.up()
    assert runs[-2:] == [("preview", True), ("up", True)]
    assert "demo-c-2" in rig.ids()
