"""What reaches a terminal: text, and nothing that does more."""

import io
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.errors import ApplianceError
from toolchain.paths import REPOSITORY
from toolchain.terminal import guarded, printable, raw

EVIL = [
    "\x1b]0;title\x07", "\x1b]52;c;Y2F0\x1b\\", "\x1b[2J\x1b[1;1H", "\x9b2J", "\x1bc", "\x1bP$q\x1b\\",
    "\r", "\x08\x08", "\x07", "\x00", "\x7f", "\u202e", "\u2066", "\u200b", "\x85", "\u2028", "\x1b]8;;http://x\x07",
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_the_text_stays_and_the_rest_goes(evil: str) -> None:
    assert printable(f"before {evil}after\n\té 😀") == "before after\n\té 😀"


@given(st.lists(st.sampled_from(EVIL) | st.text(max_size=5) | st.characters(categories=["Cc", "Cf"])))
def test_nothing_that_does_more_than_text_is_left(parts: list[str]) -> None:
    cleaned = printable("".join(parts))
    assert not [
        each for each in cleaned if each not in "\n\t" and unicodedata.category(each)[0] in "CZ" and each != " "
    ]
    assert printable(cleaned) == cleaned


def test_errors_are_fit_for_a_terminal() -> None:
    error = ApplianceError("what\x1b[2J", where="where\r", remedy="remedy\x07", evidence="e\x1b]0;x\x07\ne")
    assert str(error) == "where: what\n  │ e\n  │ e\n  → remedy"


def test_whatever_a_program_prints_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with guarded(), guarded():
        print("a\x1b[2Jb\x1b]0;x\x07 \x1b[31mred\x1b[0m\r")
        sys.stdout.writelines(["x\x08", "y\n"])
        print("e\x1bc", file=sys.stderr)
        print("\x1b[2K", file=raw(sys.stdout))
    assert (sys.stdout, sys.stderr) == before
    out, err = capsys.readouterr()
    assert out == "ab \x1b[31mred\x1b[0m\nxy\n\x1b[2K\n"
    assert err == "e\n"
    assert raw(plain := io.StringIO()) is plain


def test_the_command_line_prints_nothing_else() -> None:
    """An argument stands for all that is told in an error."""
    command = [
        sys.executable,
        "-c",
        "from slurm_appliance.cli import main; main()",
        "config",
        "explain",
        "a\x1b[2Jb\x07",
    ]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "ab" in said
    assert not {"\x1b[2J", "\x07"} & {said[i : i + n] for n in (1, 4) for i in range(len(said))}
