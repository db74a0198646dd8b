"""Small files over NFS: read and written with one request; no answer of a server can do more than fail it."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.compute_init.share import AbsentError, ShareError
from node.compute_init.small_file import SIZE, SmallFiles
from tests.unit.node.nfs_server import FileServer, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    with serving(tmp_path) as started:
        yield started


def files(server: FileServer) -> SmallFiles:
    return SmallFiles("127.0.0.1", 5.0, server.port, (0,))


def test_a_file_is_read_and_written_with_one_request_each(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "said").write_bytes(b" " * SIZE)
    files(server).write("/node/said", b"hello")
    assert (tmp_path / "node" / "said").read_bytes() == b"hello".ljust(SIZE)
    assert files(server).read("/node/said") == b"hello".ljust(SIZE)
    assert server.requests == ["write", "read"]


def test_a_file_that_is_not_there_is_told_from_a_server_that_is_away(server: FileServer) -> None:
    with pytest.raises(AbsentError):
        files(server).read("/node/other")
    with pytest.raises(ShareError) as raised:
        SmallFiles("127.0.0.1", 1.0, 1, (0,)).read("/node/said")
    assert not isinstance(raised.value, AbsentError)


def test_a_refusal_is_an_error(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server.writable = False
    with pytest.raises(ShareError, match="status 30"):
        files(server).write("/file", b"x")
    with pytest.raises(ValueError, match="4097"):
        files(server).write("/file", b"x" * (SIZE + 1))


@pytest.mark.parametrize("seed", range(40))
def test_no_answer_does_more_than_fail_the_request(server: FileServer, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same in each run
    body = chance.randbytes(chance.randrange(0, 200))
    marks = [1 << 31 | len(body), len(body), 1 << 31 | 0x7FFFFFFF, 1 << 31]
    server.answer = struct.pack(">I", chance.choice(marks)) + body
    with pytest.raises(ShareError):
        files(server).read("/x")
