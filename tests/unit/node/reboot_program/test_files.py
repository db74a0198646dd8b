"""The files on the control node: targets, settings, spool."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from node.reboot_program.facts import Intent, Verb
from node.reboot_program.settings import RebootSettings, SettingsError, read_settings
from node.reboot_program.spool import Entry, RebootRequest, Spool
from node.reboot_program.targets import Target, read_targets


def _write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


def test_targets(tmp_path: Path) -> None:
    file = _write(tmp_path / "t", {"schema": 1, "nodes": {"c1": {"instance_id": "s", "image_id": "i"}}})

    assert read_targets(file).nodes == {"c1": Target("s", "i")}
    assert read_targets(file).problem == ""


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"schema": 2, "nodes": {}}, "schema 2, but this RebootProgram reads 1"),
        ({"nodes": {}}, "schema None"),
        ([], "schema None"),
        ({"schema": 1}, "is malformed"),
        ({"schema": 1, "nodes": {"c1": {"instance_id": "s"}}}, "is malformed"),
        ({"schema": 1, "nodes": {"c1": {"instance_id": "s", "image_id": None}}}, "is not an id"),
        ({"schema": 1, "nodes": ["c1"]}, "is malformed"),
    ],
)
def test_targets_that_cannot_be_used(tmp_path: Path, document: object, words: str) -> None:
    targets = read_targets(_write(tmp_path / "t", document))

    assert words in targets.problem
    assert "site.yml" in targets.problem
    assert not targets.nodes


def test_targets_missing_or_damaged(tmp_path: Path) -> None:
    (tmp_path / "damaged").write_text('{"schema": 1, "no')

    for name in ("none", "damaged"):
        targets = read_targets(tmp_path / name)
        assert str(tmp_path / name) in targets.problem
        assert not targets.nodes


def test_settings(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("spool: /var/x\nparallel: 3\npoll: 1\n")

    settings = read_settings(tmp_path / "s")

    assert (settings.spool, settings.parallel, settings.poll) == (Path("/var/x"), 3, 1.0)
    assert read_settings(tmp_path / "none") == RebootSettings()


@pytest.mark.parametrize("text", ["paralel: 3", "parallel: many", "parallel: 0", "limit: -1", "- x", "{"])
def test_settings_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "s").write_text(text)

    with pytest.raises(SettingsError, match=str(tmp_path / "s")):
        read_settings(tmp_path / "s")


def test_spool_keeps_requests_and_entries(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    request = RebootRequest(("c1", "c2"), 12.5, "big")
    spool.add(request)
    entry = Entry("c1", 12.5, Intent(Verb.REBUILD, "new", accepted=True, request_id="req-1"), failed="why", hold=True)
    spool.save(entry)

    again = Spool(tmp_path / "spool")

    assert [each for _, each in again.pending()] == [request]
    assert list(again.entries()) == [entry]
    again.remove("c1")
    again.remove("c1")
    assert list(again.entries()) == []


def test_spool_is_the_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        spool = Spool(tmp_path / "spool")
    finally:
        os.umask(before)

    assert stat.S_IMODE(spool.requests.stat().st_mode) == 0o700
    assert stat.S_IMODE(spool.nodes.stat().st_mode) == 0o700


def test_damaged_files_are_neither_lost_nor_in_the_way(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (spool.requests / "1-1.json").write_text("{")
    (spool.nodes / "c9.json").write_text('{"node": "c9"')
    spool.add(RebootRequest(("c1",), 1.0))

    assert [request.nodes for _, request in spool.pending()] == [("c1",)]
    assert [path.name for path in spool.requests.glob("*.damaged")] == ["1-1.damaged"]
    # A node whose entry was damaged is looked at again.
    assert [entry.node for entry in spool.entries()] == ["c9"]
