"""What the worker takes from SlurmUser, and what not."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from node.reboot_program import listener as listener_module
from node.reboot_program import messages
from node.reboot_program.listener import Asked, RebootListener, RefusedError, judge
from node.reboot_program.messages import MessageError, ask, receive, send
from node.reboot_program.spool import Spool
from slurm_appliance.hostvars.reboot_targets import targets_file


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    path = tmp_path / "targets.json"
    path.write_bytes(targets_file(dict.fromkeys(("c1", "c2"), ("s", "i"))))
    return path


def test_only_nodes_of_the_file_of_targets_are_ours(targets: Path) -> None:
    assert judge({"nodes": "c[1-3],login-0", "features": "big"}, targets) == Asked(
        ("c1", "c2"), ("c3", "login-0"), "big"
    )


def test_a_file_of_targets_that_cannot_be_used_is_for_the_worker_to_report(tmp_path: Path) -> None:
    assert judge({"nodes": "c1"}, tmp_path / "none") == Asked(("c1",), ())


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"nodes": ["c1"]},
        {"nodes": "c1", "features": 7},
        {"nodes": "c1", "image_id": "mine"},
        {"nodes": "c1", "features": "x" * 1001},
        {"nodes": "../../etc/passwd"},
        {"nodes": "c[1-"},
        {"nodes": "c[1-99999999]"},
        {"nodes": "c" * 64},
        {"nodes": ""},
    ],
)
def test_messages_that_are_refused(targets: Path, message: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        judge(message, targets)


class Ear:
    """A listener at work."""

    def __init__(self, folder: Path, targets: Path, allowed: frozenset[int]) -> None:
        self.path = folder / "requests.sock"
        self.spool = Spool(folder / "spool")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        self._socket.listen(16)
        self._over = Event()
        listener = RebootListener(self._socket, self.spool, targets, allowed)
        self._thread = Thread(target=listener.run, args=(self._over.is_set,))
        self._thread.start()

    def ask(self, **message: object) -> dict[str, Any]:
        return ask(self.path, message, 10.0)

    def raw(self, *pieces: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(20)
            connection.connect(str(self.path))
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except BrokenPipeError:
                    break
            return connection.recv(4096)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def ear(tmp_path: Path, targets: Path) -> Iterator[Ear]:
    made = Ear(tmp_path, targets, frozenset({os.getuid()}))
    try:
        yield made
    finally:
        made.close()


def test_a_request_is_on_disk_when_it_is_answered(ear: Ear) -> None:
    answer = ear.ask(nodes="c[1-3]", features="")

    ((path, request),) = ear.spool.pending()
    assert answer == {"request": path.stem, "strangers": ["c3"]}
    assert request.nodes == ("c1", "c2")


def test_a_request_for_strangers_only_leaves_nothing(ear: Ear) -> None:
    assert ear.ask(nodes="x[1-3]")["strangers"] == ["x1", "x2", "x3"]
    assert list(ear.spool.requests.iterdir()) == []


def test_the_kernel_says_who_asks(tmp_path: Path, targets: Path) -> None:
    ear = Ear(tmp_path, targets, frozenset({os.getuid() + 1}))
    try:
        answer = ear.ask(nodes="c1")
    finally:
        ear.close()

    assert answer == {"error": f"uid {os.getuid()} may not request reboots"}
    assert list(ear.spool.pending()) == []


def test_a_refusal_arrives_also_when_the_request_was_not_read(tmp_path: Path, targets: Path) -> None:
    ear = Ear(tmp_path, targets, frozenset({os.getuid() + 1}))
    try:
        answer = ear.ask(nodes="c1", features="x" * messages.LONGEST)  # More than the socket holds.
    finally:
        ear.close()

    assert answer == {"error": f"uid {os.getuid()} may not request reboots"}


def test_a_service_that_closes_without_an_answer_is_an_error_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "requests.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def close_unread() -> None:
            listening.accept()[0].close()

        closing = Thread(target=close_unread)
        closing.start()
        with pytest.raises(MessageError, match=re.escape(str(path))):
            ask(path, {"nodes": "x" * messages.LONGEST}, 10.0)
        closing.join()


@pytest.mark.parametrize("pieces", [(b"not json\n",), (b'["c1"]\n',), (b"[" * 200_000 + b"\n",)])
def test_what_is_no_request_is_answered_and_the_next_one_taken(ear: Ear, pieces: tuple[bytes, ...]) -> None:
    assert b"error" in ear.raw(*pieces)
    assert ear.ask(nodes="c1")["request"]


def test_a_message_without_end_is_cut_off(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_TIMEOUT", 0.2)
    began = time.monotonic()

    assert b"error" in ear.raw(b'{"nodes": "c1"')
    assert time.monotonic() - began < 5
    assert ear.ask(nodes="c1")["request"]


def test_a_message_that_is_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LONGEST", 1000)
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x" * 2000)
        with pytest.raises(MessageError, match=r"\b1000\b"):
            receive(right, 10.0)


def test_the_spool_does_not_fill(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_MOST_WAITING", 2)
    answers = [ear.ask(nodes="c1") for _ in range(3)]

    assert ["error" in answer for answer in answers] == [False, False, True]
    assert len(list(ear.spool.pending())) == 2


def test_a_disk_that_is_full_is_an_answer(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_request: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ear.spool, "add", full)

    assert "No space left" in ear.ask(nodes="c1")["error"]


def test_messages_are_one_line_of_json() -> None:
    left, right = socket.socketpair()
    with left, right:
        send(left, {"nodes": "c1\n"}, 1.0)
        assert json.loads(right.recv(100)) == {"nodes": "c1\n"}
