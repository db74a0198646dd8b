"""What nodes say: read as data, believed only of themselves; and what it means for the run of site.yml."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from node.export_receiver.acknowledgement import Acknowledgement, AcknowledgementError, parse, read
from node.export_receiver.verdict import Expected, NodeVerdict, WaitLimits, judge, tally

GOOD: dict[str, Any] = {
    "schema": 1,
    "node": "c1",
    "instance_id": "server-1",
    "signed": "new",
    "bundle": "b",
    "status": "done",
    "state": "done",
    "step": "",
    "text": "",
    "ended": "now",
}


def document(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode().ljust(4096)


def said(**changes: Any) -> Acknowledgement:
    found = parse(document(**changes), "c1")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "content",
    [
        document(node="c2"),
        document(schema=2),
        document(more="x"),
        document(status="fine"),
        document(text=["x"]),
        document(text={"__ansible_unsafe": "x"}),
        b"[]",
        b"x",
        b"\xff\xfe",
        b"[" * 4096,
        document(text="x" * 5000),
        json.dumps({key: value for key, value in GOOD.items() if key != "signed"}).encode(),
    ],
)
def test_what_is_not_a_node_s_own_acknowledgement_is_refused(content: bytes) -> None:
    with pytest.raises(AcknowledgementError):
        parse(content, "c1")


@pytest.mark.parametrize("content", [b"", b" " * 4096, b"\0" * 4096])
def test_a_blank_file_says_nothing(content: bytes) -> None:
    assert parse(content, "c1") is None


def test_a_text_is_one_printable_line() -> None:
    found = said(status="failed", text="a\n\x1b[31mb\x00\u202ec\u2028" + "y" * 3000)
    assert found.text.startswith("a [31mb c")
    assert found.text.isprintable()
    assert len(found.text) <= 400


def test_only_a_regular_file_is_read_and_never_more_than_its_limit(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "none"):
        with pytest.raises(AcknowledgementError):
            read(tmp_path / name)
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**40)
    with pytest.raises(AcknowledgementError):
        parse(read(tmp_path / "huge"), "c1")


EXPECTED = Expected("new", "server-1")
LIMITS = WaitLimits(30, 600)


@pytest.mark.parametrize(
    ("found", "waited", "verdict"),
    [
        (None, 1, NodeVerdict.WAITING),
        (None, 31, NodeVerdict.QUIET),
        (said(instance_id="former"), 1, NodeVerdict.WAITING),
        (said(instance_id="former"), 31, NodeVerdict.QUIET),
        ("it is not JSON", 1, NodeVerdict.WAITING),
        ("it is not JSON", 31, NodeVerdict.FAILED),
        (said(signed="old"), 1, NodeVerdict.WAITING),
        (said(signed="old"), 31, NodeVerdict.FAILED),
        (said(signed="old", status="running"), 31, NodeVerdict.WAITING),
        (said(signed="old", status="running"), 601, NodeVerdict.FAILED),
        (said(status="running"), 31, NodeVerdict.WAITING),
        (said(status="running"), 601, NodeVerdict.FAILED),
        (said(status="failed"), 1, NodeVerdict.FAILED),
        (said(status="skipped"), 1, NodeVerdict.FAILED),
        (said(), 1, NodeVerdict.CHANGED),
        (said(state="unchanged"), 1, NodeVerdict.UNCHANGED),
    ],
)
def test_what_an_acknowledgement_means(
    found: Acknowledgement | str | None, waited: float, verdict: NodeVerdict
) -> None:
    assert judge(EXPECTED, found, waited, LIMITS)[0] is verdict


def test_a_failure_says_where_and_why() -> None:
    problem = judge(EXPECTED, said(status="failed", step="compute-init.yml", text="munge"), 1, LIMITS)[1]
    assert problem == "compute-init failed in compute-init.yml: munge"


def test_the_progress_has_counts() -> None:
    expected = dict.fromkeys(("c1", "c2", "c3"), EXPECTED)
    found = tally(expected, {"c1": said(), "c2": said(status="failed")}, 1, LIMITS)
    assert found.progress == "1 of 3 compute nodes have their settings, 1 failed"
    assert found.nodes(NodeVerdict.WAITING) == ["c3"]
