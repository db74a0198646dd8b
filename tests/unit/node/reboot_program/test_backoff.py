from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.reboot_program.backoff import LONGEST, LONGEST_ASKED, delay, poll_interval


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_grows_and_stays_bounded(tries: int, draw: float) -> None:
    assert 0.5 <= delay(tries, draw) <= LONGEST
    assert delay(tries + 1, draw) >= delay(tries, draw)


@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, LONGEST_ASKED))
def test_never_earlier_than_the_server_asks(tries: int, draw: float, asked: float) -> None:
    assert delay(tries, draw, asked) >= asked


def test_an_absurd_retry_after_is_not_believed() -> None:
    assert delay(1, 0.0, 1e9) == LONGEST_ASKED


@given(st.integers(1, 5000), st.integers(1, 50))
def test_all_looks_together_stay_below_two_a_second_per_connection(following: int, parallel: int) -> None:
    assert following / poll_interval(following, 3.0, parallel) <= 2 * parallel + 1e-9
