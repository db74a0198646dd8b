"""How many boot at once, and who went off."""

import socket
import threading
from pathlib import Path

import pytest

from localcloud.compute.boot_slots import BootSlots, IdleShare, slots_for, wait_until_ready
from localcloud.compute.lifecycle import gone
from localcloud.host.waiting import wait_for


@pytest.mark.parametrize(("processors", "configured", "slots"), [(1, 0, 4), (2, 0, 4), (8, 0, 16), (8, 3, 3)])
def test_slots_follow_the_processors(processors: int, configured: int, slots: int) -> None:
    assert slots_for(processors, configured) == slots


def say(path: Path, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message, str(path))


def test_a_slot_is_free_when_its_server_has_booted(tmp_path: Path) -> None:
    slots, taken = BootSlots(1, hold=60, idle=lambda: 0.0), threading.Event()
    slots.acquire()
    listener = slots.listen(tmp_path / "notify")
    slots.release_when_booted(listener)

    def take() -> None:
        slots.acquire()
        taken.set()

    threading.Thread(target=take, daemon=True).start()
    say(tmp_path / "notify", b"STATUS=starting\nX_NSPAWN_LEADER_PID=1")
    assert not taken.wait(0.7)
    say(tmp_path / "notify", b"STATUS=running\nREADY=1")
    assert taken.wait(10)


def test_a_server_that_never_boots_holds_others_up_for_a_while_only(tmp_path: Path) -> None:
    slots = BootSlots(1, hold=0.05, idle=lambda: 0.0)
    slots.acquire()
    slots.release_when_booted(slots.listen(tmp_path / "notify"))
    slots.acquire()  # Would wait for ever.


def test_a_boot_that_waits_for_another_server_does_not_delay_that_one() -> None:
    looks = iter([0.1, 0.3, 0.9])
    slots = BootSlots(1, hold=60, idle=lambda: next(looks))
    slots.acquire()
    slots.acquire()  # The first one never reports; at the third look, the processors are idle.
    assert next(looks, None) is None


def test_a_released_slot_is_taken_before_the_processors_are_asked() -> None:
    slots, taken = BootSlots(1, hold=60, idle=lambda: 0.0), threading.Event()
    slots.acquire()

    def take() -> None:
        slots.acquire()
        taken.set()

    threading.Thread(target=take, daemon=True).start()
    slots.release()
    assert taken.wait(10)


def test_idle_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat, clock = tmp_path / "stat", iter([0.0, 1.0, 1.1, 2.0, 3.0, 63.0])
    monkeypatch.setattr("localcloud.compute.boot_slots.time.monotonic", lambda: next(clock))
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n")
    share = IdleShare(stat)
    stat.write_text("cpu  110 0 110 860 10 5 5 0 0 0\n")
    assert share() == 0.6  # 60 of 100; time that waits for a disk is not idle
    stat.write_text("cpu  110 0 110 960 10 5 5 0 0 0\n")
    assert share() == 0.0  # a tenth of a second is too short to say
    stat.write_text("cpu  110 0 110 1060 10 5 5 0 0 0\n")
    assert share() == 1.0
    assert share() == 0.0  # nothing was counted
    stat.write_text("cpu  110 0 110 7060 10 5 5 0 0 0\n")
    assert share() == 0.0  # an idle minute says nothing of its last second


def test_ready_is_a_line_of_its_own(tmp_path: Path) -> None:
    listener = BootSlots(1, 1).listen(tmp_path / "notify")
    say(tmp_path / "notify", b"STATUS=not READY=1 yet")
    assert not wait_until_ready(listener, 0.05)
    say(tmp_path / "notify", b"READY=1")
    assert wait_until_ready(listener, 5)
    listener.close()


def test_who_went_off() -> None:
    assert gone({"a", "b"}, {"b", "c"}) == ["a"]
    assert gone(set(), {"a"}) == []


def test_waiting_ends_with_the_condition_or_the_limit() -> None:
    answers = iter([False, False, True])
    assert wait_for(lambda: next(answers), 5, interval=0.001)
    assert not wait_for(lambda: False, 0.01, interval=0.001)
