"""What nodes say: read as data, believed only of themselves; and what it means for the run of site.yml."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from node.export_receiver.acknowledgement import Acknowledgement, AcknowledgementError, parse, read
from node.export_receiver.archive import unpack
from node.export_receiver.awaiting import Wait, main
from node.export_receiver.receiver import Receiver
from node.export_receiver.verdict import Expected, NodeVerdict, WaitLimits, judge, tally
from slurm_appliance.hostvars.bundle import ComputeNode
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.signing import SigningKey

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


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A control node with two exported nodes."""
    nodes = [ComputeNode(f"c{n}", f"10.0.0.{n}", f"server-{n}", "image", {}, frozenset()) for n in (1, 2)]
    key = SigningKey(base64.b64encode(b"k" * 32).decode())
    files = unpack(archive(export_files(nodes, {}, key=key, serial=1, state_dir="/x")))
    Receiver(tmp_path / "folder", {}, (), tmp_path / "said", os.geteuid()).receive(files)
    return tmp_path


def acknowledge(control: Path, node: str, **changes: Any) -> None:
    signed = (control / "folder/nodes" / node / "follow").read_text().strip()
    own = {"node": node, "instance_id": f"server-{node[1:]}", "signed": signed}
    (control / "said" / node / "said").write_bytes(document(**{**own, **changes}))


def awaited(control: Path, capsys: pytest.CaptureFixture[str], notice: int = 60) -> dict[str, Any]:
    options = [f"--folder={control / 'folder'}", f"--said={control / 'said'}"]
    assert main([*options, f"--notice={notice}", "--end=60", "--slice=0"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_wait_ends_when_all_nodes_have_said_something(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acknowledge(installed, "c1")
    assert awaited(installed, capsys)["ended"] is False
    acknowledge(installed, "c2", status="failed", step="fetch", text="why")
    found = awaited(installed, capsys)
    assert (found["ended"], found["good"], found["changed"]) == (True, ["c1"], 1)
    assert found["problems"] == {"c2": "compute-init failed in fetch: why"}


def test_nodes_that_never_said_anything_are_told_apart(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acknowledge(installed, "c1", signed="former")
    found = awaited(installed, capsys, notice=0)
    assert (found["ended"], found["quiet"], list(found["problems"])) == (True, ["c2"], ["c1"])


def test_a_link_in_place_of_an_acknowledgement_shows_nothing(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installed / "secret").write_bytes(document(text="secret", status="failed"))
    path = installed / "said/c1/said"
    path.unlink()
    path.symlink_to(installed / "secret")
    found = awaited(installed, capsys, notice=0)
    assert "c1" in found["problems"]
    assert "secret" not in json.dumps(found)


def test_an_acknowledgement_that_changes_is_read_again(installed: Path) -> None:
    wait = Wait(installed / "folder", installed / "said", WaitLimits(60, 60))
    assert wait.look().nodes(NodeVerdict.WAITING) == ["c1", "c2"]
    acknowledge(installed, "c1", status="running")
    assert wait.look().nodes(NodeVerdict.WAITING) == ["c1", "c2"]
    acknowledge(installed, "c1")
    assert wait.look().nodes(NodeVerdict.CHANGED) == ["c1"]
