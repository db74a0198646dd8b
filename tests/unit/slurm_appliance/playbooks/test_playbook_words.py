"""What a failed task says, whatever it is: a module on a node wrote it."""

import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slurm_appliance.playbooks.run import _Course, message

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([" ", "\n", "\x1b[2J", "\x1c"]),
    lambda some: (
        st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(["msg", "failed", "x"]), some, max_size=3)
    ),
    max_leaves=8,
)
results = st.dictionaries(
    st.sampled_from(["msg", "censored", "results", "stderr", "stdout", "ignore_unreachable", "failed"]), json_values
)


def fail(result: Any) -> list[str]:
    said: list[str] = []
    course = _Course(io.StringIO(), said.append)
    data = {"host": "c-0\x1b[2J", "task": "t\r", "res": result}
    course.take({"event": "runner_on_failed", "stdout": "fatal\x1b]0;x\x07", "event_data": data})
    assert course.log.getvalue() == "fatal\n"  # type: ignore[attr-defined]
    return said


@given(results)
def test_a_message_is_text_and_never_nothing(result: dict[str, Any]) -> None:
    text = message(result)
    assert text.strip()
    assert all(each.isprintable() or each in "\n\t" for each in text)


@example({"msg": "a\tb"})
@given(results | json_values)
def test_a_failure_is_told_in_one_line(result: Any) -> None:
    said = fail(result)
    ignored = isinstance(result, dict) and result.get("ignore_unreachable")
    assert len(said) == (0 if ignored else 1)
    assert all("\n" not in line and line.isprintable() for line in said)


@pytest.mark.parametrize("msg", [" ", "\n", "\x0b", "\x1b[2J"])
def test_a_message_of_nothing_but_space(msg: str) -> None:
    assert fail({"msg": msg}) == ["           c-0: t: no message"]


def test_a_task_that_takes_long_is_named_every_minute() -> None:
    said: list[str] = []
    now = 0.0
    course = _Course(io.StringIO(), said.append, clock=lambda: now)
    course.take({"event": "playbook_on_play_start", "event_data": {"name": "Slurm: Configure the controller"}})
    course.take({"event": "playbook_on_task_start", "event_data": {"task": "Run slurmdbd\x1b[2J"}})
    for second in range(150):
        now = float(second)
        course.tick()

    assert said == [
        "[   0.0 s] slurm: Configure the controller",
        "[  60.0 s]   'Run slurmdbd' has been running for 60 s",
        "[ 120.0 s]   'Run slurmdbd' has been running for 120 s",
    ]


@pytest.mark.parametrize(
    ("stdout", "said"),
    [
        ('{"progress": "3 of 4\\u001b[2J"}', ["3 of 4"]),
        ('{"progress": 3}', []),
        ("[]", []),
        ("FAILED - RETRYING", []),
        ("", []),
    ],
)
def test_a_task_that_waits_says_how_far_it_is(stdout: str, said: list[str]) -> None:
    lines: list[str] = []
    course = _Course(io.StringIO(), lines.append)
    course.take({"event": "runner_retry", "event_data": {"res": {"stdout": stdout}}})
    assert [line.partition("] ")[2].strip()[:6] for line in lines] == said
    assert all(line.isprintable() for line in lines)
