"""What is the same for all nodes is fetched once, and only believed by its digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.compute_init.kept import KeptFiles
from node.compute_init.settings import ComputeInitSettings
from tests.unit.node.compute_node import FILES, calls, fetched, go, put


def test_a_kept_file_is_fetched_once(settings: ComputeInitSettings, tmp_path: Path) -> None:
    go(settings)
    assert "users.json" in fetched(tmp_path)
    assert go(replace(settings, force=True))[1].state == "done"
    assert fetched(tmp_path) == ["bundle.signed", "bundle.json", "hosts", "variables.json"]
    assert "users.json" in str(calls(tmp_path)[1]["files"]), "the playbook has it all the same"


def test_only_what_is_no_secret_is_kept(settings: ComputeInitSettings) -> None:
    go(settings)
    assert [path.read_bytes() for path in settings.kept.iterdir()] == [FILES["users.json"]]
    assert settings.kept.stat().st_mode & 0o777 == 0o700


def test_another_digest_is_another_file(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    go(settings)
    put(folder, {**FILES, "users.json": b"{ }"})
    fetched(tmp_path)
    assert go(settings)[1].state == "done"
    assert "users.json" in fetched(tmp_path)
    assert [path.read_bytes() for path in settings.kept.iterdir()] == [b"{ }"]


def test_a_file_that_was_changed_on_the_disk_is_fetched_again(settings: ComputeInitSettings, tmp_path: Path) -> None:
    go(settings)
    (kept,) = settings.kept.iterdir()
    kept.write_bytes(b"[]\n")
    fetched(tmp_path)
    assert go(replace(settings, force=True))[1].state == "done"
    assert "users.json" in fetched(tmp_path)
    assert kept.read_bytes() == FILES["users.json"]


def test_a_disk_that_takes_nothing_keeps_no_node_from_setting_itself_up(settings: ComputeInitSettings) -> None:
    settings.kept.parent.mkdir(parents=True)
    settings.kept.write_text("in the way")
    _, record, lines = go(settings)
    assert record.state == "done"
    assert any("not kept" in line for line in lines)


@pytest.mark.parametrize("name", ["0" * 64, "of-a-killed-run"])
def test_former_files_go(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    KeptFiles(tmp_path).keep({})
    assert list(tmp_path.iterdir()) == []
