"""Signals that stop an operation, and those that the operator has taken from it."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from slurm_appliance.deploy_host.stop_signals import STOP_SIGNALS, taking_stop_signals


@pytest.fixture(params=STOP_SIGNALS)
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    before = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_is_taken_and_its_handler_is_back_afterwards(number: signal.Signals) -> None:
    earlier: list[int] = []
    signal.signal(number, lambda number, _frame: earlier.append(number))
    taken: list[int] = []
    with taking_stop_signals(lambda number, _frame: taken.append(number)):
        os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    assert (taken, earlier) == ([number], [number])


def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    """As ``nohup`` starts a program, and a shell one in the background."""
    signal.signal(number, signal.SIG_IGN)
    taken: list[int] = []
    with taking_stop_signals(lambda number, _frame: taken.append(number)):
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    assert taken == []


def test_another_thread_leaves_signals_to_the_program(number: signal.Signals) -> None:
    seen: list[object] = []

    def work() -> None:
        with taking_stop_signals(lambda _number, _frame: None):
            seen.append(signal.getsignal(number))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(number)]
