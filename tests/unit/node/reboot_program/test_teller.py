"""The helper that sets states of nodes for a worker that may not."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from node.reboot_program.holding import FailureNotice
from node.reboot_program.messages import MessageError, ask, receive, send
from node.reboot_program.slurm import SlurmError, one_line
from node.reboot_program.slurm_state import REASON_PREFIX
from node.reboot_program.teller import SlurmByHelper, answer, checked
from tests.unit.node.reboot_program.bed import FakeSlurm

REASON = REASON_PREFIX + "broken"


@pytest.mark.parametrize(
    "message",
    [
        {"nodes": ["c1"], "step": "RESUME", "reason": REASON},
        {"nodes": ["c1"], "step": "WAIT", "reason": REASON},
        {"nodes": ["c1"], "step": "DOWN", "reason": "somebody else's"},
        {"nodes": ["c1"], "step": "DOWN", "reason": REASON + "\nstate=RESUME"},
        {"nodes": ["c1"], "step": "DOWN", "reason": REASON + "\x1b[2J"},
        {"nodes": [], "step": "DOWN", "reason": REASON},
        {"nodes": "c1", "step": "DOWN", "reason": REASON},
        {"nodes": ["c1 state=RESUME"], "step": "DOWN", "reason": REASON},
        {"nodes": ["c1,c2"], "step": "DOWN", "reason": REASON},
        {"nodes": ["--help"], "step": "DOWN", "reason": REASON},
        {"nodes": ["ALL", ["c1"]], "step": "DOWN", "reason": REASON},
        {},
    ],
)
def test_what_the_worker_never_sends_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        checked(message)


def _asked(message: dict[str, Any], slurm: FakeSlurm, allowed: frozenset[int]) -> dict[str, Any]:
    left, right = socket.socketpair()
    with left, right:
        send(left, message, 1.0)
        return answer(right, allowed, slurm)


def test_the_states_of_a_step_are_set() -> None:
    slurm = FakeSlurm()
    slurm.asks_for("c1", "c2")

    said = _asked({"nodes": ["c1", "c2"], "step": "DRAIN", "reason": REASON}, slurm, frozenset({os.getuid()}))

    assert said == {}
    assert slurm.told == [("DRAIN", ("c1", "c2"), REASON)]


def test_the_kernel_says_who_asks() -> None:
    slurm = FakeSlurm()

    said = _asked({"nodes": ["c1"], "step": "DRAIN", "reason": REASON}, slurm, frozenset({os.getuid() + 1}))

    assert f"uid {os.getuid()}" in said["error"]
    assert slurm.told == []


def test_what_the_cloud_says_reaches_slurm_without_control_characters(tmp_path: Path) -> None:
    """And so the helper takes it: a reason that it refused would be tried for ever."""
    path = tmp_path / "helper.sock"
    received: list[dict[str, Any]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                received.append(receive(connection, 5.0))
                send(connection, {"error": "slurmctld is away"}, 5.0)

        thread = Thread(target=serve)
        thread.start()
        with pytest.raises(SlurmError, match="slurmctld is away"):
            SlurmByHelper("scontrol", path).tell(
                ["c1"], FailureNotice.DOWN, REASON_PREFIX + "\x1b]0;owned\x07 no\thost\n"
            )
        thread.join()

    nodes, step, reason = checked(received[0])
    assert (nodes, step, reason) == (["c1"], FailureNotice.DOWN, REASON_PREFIX + "]0;owned no host")


def test_steps_that_change_nothing_ask_nobody(tmp_path: Path) -> None:
    SlurmByHelper("scontrol", tmp_path / "none").tell(["c1"], FailureNotice.DONE, REASON)


def test_a_helper_that_is_not_there_is_slurm_not_told(tmp_path: Path) -> None:
    with pytest.raises(SlurmError):
        SlurmByHelper("scontrol", tmp_path / "none").tell(["c1"], FailureNotice.DOWN, REASON)
    with pytest.raises(MessageError, match="none"):
        ask(tmp_path / "none", {}, 1.0)


def test_a_long_reason_is_cut() -> None:
    assert len(one_line("x" * 1000)) == 480
