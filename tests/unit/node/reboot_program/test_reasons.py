"""Reasons: one plain line, whatever the cloud said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.reboot_program.slurm import one_line


@given(st.text() | st.sampled_from(["\x1b]0;x\x07 down", "a\x1b[2J\nb", "\u202ex", 'say "x"']))
def test_a_reason_is_one_plain_line(reason: str) -> None:
    shown = one_line(reason)
    assert all(each.isprintable() and each != '"' for each in shown)
    assert len(shown) <= 480


def test_what_was_said_is_still_there() -> None:
    assert one_line("no\x1b[2Jhost\nfound") == "no [2Jhost found"
