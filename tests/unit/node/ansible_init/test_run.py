"""ansible-init from start to result file, with a stand-in for ansible-playbook."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace

import pytest

from node.ansible_init import playbook
from node.ansible_init.metadata import Metadata
from node.ansible_init.run import AnsibleInitSettings
from tests.unit.node.ansible_init.server import calls, go, written
from tests.unit.node.known_metadata import Known


def test_playbooks_run_in_the_order_of_their_names_and_the_result_says_done(settings: AnsibleInitSettings) -> None:
    for name in ("20-second.yml", "10-first.yaml", "README", "30-third.yml"):
        (settings.playbooks / name).write_text("")
    status, lines = go(settings)
    assert status == 0
    assert lines[0] == "run: first boot of this image"
    assert [call[0] for call in calls(settings)] == ["10-first.yaml", "20-second.yml", "30-third.yml"]
    assert calls(settings)[0][1] == {
        "ansible_init_instance_id": "server-1",
        "ansible_init_server_name": "demo-compute-0",
        "ansible_init_metadata": {"compute": "true"},
        "ansible_init_image_build": "b-1",
    }
    assert calls(settings)[0][2] == "0o700"
    found = written(settings)
    assert (found.status, found.step, found.error) == ("done", "", "")
    assert (found.instance_id, found.image_build) == ("server-1", "b-1")
    assert [step.playbook for step in found.steps] == ["10-first.yaml", "20-second.yml", "30-third.yml"]
    assert found.started < found.ended
    assert stat.S_IMODE(settings.result.stat().st_mode) == 0o644
    assert [each.name for each in settings.result.parent.iterdir()] == ["result.json"]


def test_the_first_failure_ends_the_run_and_is_named(settings: AnsibleInitSettings) -> None:
    for name, text in {"10-a.yml": "", "20-b.yml": "fail", "30-c.yml": ""}.items():
        (settings.playbooks / name).write_text(text)
    status, lines = go(settings)
    assert status == 1
    found = written(settings)
    assert (found.status, found.step) == ("failed", "20-b.yml")
    assert "status 3" in found.error
    assert [(step.playbook, step.status) for step in found.steps] == [("10-a.yml", "done"), ("20-b.yml", "failed")]
    assert lines[-1].startswith("failed: 20-b.yml: ")


def test_a_failed_run_can_be_started_again_and_a_done_one_does_nothing(settings: AnsibleInitSettings) -> None:
    book = settings.playbooks / "10-a.yml"
    book.write_text("fail")
    assert go(settings)[0] == 1
    book.write_text("")
    status, lines = go(settings)
    assert status == 0
    assert lines[0] == "run: the last run failed in 10-a.yml"
    before = settings.result.read_bytes()
    status, lines = go(settings)
    assert status == 0
    assert lines[0].startswith("leave: already done at ")
    assert settings.result.read_bytes() == before
    assert len(calls(settings)) == 2


@pytest.mark.parametrize("change", ["server", "image"])
def test_a_result_that_came_with_a_copied_disk_does_not_count(settings: AnsibleInitSettings, change: str) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    assert go(settings)[0] == 0
    if change == "server":
        settings = replace(settings, source=Known(answer=Metadata("server-2")))
    else:
        settings.image.write_text('{"build": "b-2"}')
    _, lines = go(settings)
    assert lines[0] == "run: the last result belongs to another server or image"
    assert len(calls(settings)) == 2


def test_a_build_server_is_left_alone_and_its_image_runs_later(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    status, lines = go(replace(settings, source=Known(answer=Metadata("b", meta={"ansible_init_disable": "true"}))))
    assert status == 0
    assert lines == ["skip: metadata ansible_init_disable=true"]
    assert written(settings).status == "skipped"
    assert written(settings).reason == "metadata ansible_init_disable=true"
    assert go(settings)[0] == 0
    assert written(settings).status == "done"
    assert written(settings).reason == ""


def test_an_image_without_playbooks_says_so(settings: AnsibleInitSettings) -> None:
    assert go(settings)[0] == 0
    assert written(settings).status == "skipped"
    assert "playbooks" in written(settings).reason


def test_no_metadata_is_a_failure_but_takes_nothing_back(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    away = replace(settings, source=Known(answer="no metadata in 300 s"))
    assert go(away)[0] == 1
    assert (written(settings).status, written(settings).step) == ("failed", "metadata")
    assert written(settings).error == "no metadata in 300 s"
    assert go(settings)[0] == 0
    status, lines = go(away)
    assert status == 0
    assert lines[0].startswith("leave: done at ")
    assert written(settings).status == "done"


def test_a_missing_ansible_playbook_is_a_failure_with_its_name(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    assert go(replace(settings, program="/nowhere/ansible-playbook"))[0] == 1
    assert f"/nowhere/ansible-playbook: {os.strerror(errno.ENOENT)}" in written(settings).error


def test_an_unexpected_error_is_written_down_before_it_shows(
    settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.playbooks / "10-a.yml").write_text("")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(playbook, "run", broken)
    with pytest.raises(ZeroDivisionError):
        go(settings)
    assert written(settings).error.startswith("unexpected ZeroDivisionError")
