"""A run of compute-init after a changed bundle: what it leaves out, and what makes it leave out nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from node.compute_init import run
from node.compute_init.settings import ComputeInitSettings
from tests.unit.node.compute_node import FILES, calls, go, put

NEW_USERS = {**FILES, "users.json": b'{"nora": {}}\n'}


@pytest.fixture(autouse=True)
def declared(settings: ComputeInitSettings) -> None:
    settings.declared.parent.mkdir()
    declarations = {
        "names": {"node_variables": [], "files": ["hosts"]},
        "users": {"node_variables": [], "files": ["users.json"]},
        "munge": {"node_variables": ["munge_key"]},
    }
    settings.declared.write_text(json.dumps(declarations))


def skipped(tmp_path: Path) -> object:
    return calls(tmp_path)[-1]["skip"]


def test_a_changed_bundle_runs_what_reads_what_changed(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    go(settings)
    assert skipped(tmp_path) == ""
    put(folder, NEW_USERS)
    status, record, lines = go(settings)
    assert (status, record.state, skipped(tmp_path)) == (0, "done", "role_munge,role_names")
    assert any("names" in line and "munge" in line for line in lines)
    put(folder, NEW_USERS, image_id="other")
    go(settings)
    assert skipped(tmp_path) == "role_munge,role_names,role_users"


def test_the_record_is_there_only_while_it_is_true(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    go(settings)
    assert settings.applied.exists()
    bad = {**NEW_USERS, "variables.json": b'{"munge_key": "k", "break": true}'}
    put(folder, bad)
    assert go(settings)[0] == 1
    assert not settings.applied.exists()
    put(folder)
    assert go(settings)[1].state == "done"
    assert skipped(tmp_path) == "", "what was applied before the failure is no record"


def test_a_run_that_failed_before_it_applied_anything_is_a_reason(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    go(settings)
    put(folder, schema=1)
    assert go(settings)[1].state == "wrong-bundle"
    put(folder, NEW_USERS)
    go(settings)
    assert skipped(tmp_path) == ""


def test_a_killed_run_leaves_no_record(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(settings)

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    put(folder, NEW_USERS)
    with monkeypatch.context() as patch:
        patch.setattr("node.ansible_init.playbook.run", killed)
        with pytest.raises(KeyboardInterrupt):
            go(settings)
    go(settings)
    assert skipped(tmp_path) == ""


def test_after_a_boot_and_on_demand_everything_runs(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(settings)
    put(folder, NEW_USERS)
    go(replace(settings, force=True))
    assert skipped(tmp_path) == ""
    monkeypatch.setattr(run, "boot_id", lambda: "another")
    put(folder)
    go(settings)
    assert skipped(tmp_path) == ""


def test_a_changed_image_content_is_a_reason(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    go(settings)
    (settings.declared.parent / "compute-init.yml").write_text("[]")
    put(folder, NEW_USERS)
    go(settings)
    assert skipped(tmp_path) == ""


def test_an_image_that_says_nothing_of_its_roles_runs_all(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    settings.declared.unlink()
    go(settings)
    put(folder, NEW_USERS)
    go(settings)
    assert skipped(tmp_path) == ""


def test_a_unit_of_a_role_that_stopped_is_a_reason(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    tasks = settings.roles / "munge/tasks/configure.yml"
    tasks.parent.mkdir(parents=True)
    tasks.write_text("- systemd: {name: munge.service}")
    settings.units.mkdir()
    (settings.units / "home.mount").touch()
    active = tmp_path / "active"
    active.write_text("munge.service loaded active running x\nhome.mount x\nuser@1.service x\n")
    go(settings)
    active.write_text("munge.service x\nhome.mount x\n")
    put(folder, NEW_USERS)
    go(settings)
    assert skipped(tmp_path) == "role_munge,role_names"
    for number, left in enumerate(("munge.service x\n", "home.mount x\n")):
        put(folder, NEW_USERS, image_id=f"a{number}")
        active.write_text(left)
        go(settings)
        assert skipped(tmp_path) == "", left
        put(folder, NEW_USERS, image_id=f"b{number}")
        active.write_text("munge.service x\nhome.mount x\n")
        go(settings)
