"""Files that are written whole: by several writers, by one that fails, by one that is killed."""

from __future__ import annotations

import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.whole_file import remove_unfinished, rewrite_whole, write_whole


def test_threads_that_write_one_file_leave_one_of_their_documents(tmp_path: Path) -> None:
    path = tmp_path / "c1.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_whole(path, json.dumps({"number": number}), durable=True), range(200)))
    assert json.loads(path.read_text())["number"] in range(200)
    assert [each.name for each in tmp_path.iterdir()] == ["c1.json"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_the_mode_does_not_depend_on_the_umask(mode: int, tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        write_whole(tmp_path / "file", "é\n", mode=mode)
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert (tmp_path / "file").read_bytes() == b"\xc3\xa9\n"


def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("former")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new", durable=True)
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path], "a rest would keep the disk full"


@pytest.mark.skipif(os.getuid() != 0, reason="gives a file to another user")
def test_a_rewritten_file_keeps_its_owner_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "shadow"
    path.write_text("former")
    os.chown(path, 12, 34)
    path.chmod(0o640)
    rewrite_whole(path, "new")
    found = path.stat()
    assert (path.read_text(), found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == ("new", 12, 34, 0o640)


@pytest.mark.skipif(os.getuid() != 0, reason="gives a file to another user")
def test_a_file_is_given_to_its_owner(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "secret", owner=(12, 34))
    found = (tmp_path / "file").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12, 34, 0o600)


def test_what_a_killed_writer_left_can_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "file", "whole")
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "fsync", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        write_whole(tmp_path / "file", "half", durable=True)
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 2
    remove_unfinished(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "whole"
