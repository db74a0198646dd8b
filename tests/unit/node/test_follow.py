"""The follower: what each look leads to, and what the control node hears; killed at any step, the newest is applied."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.ansible_init.result import DONE, FAILED, RUNNING, SKIPPED
from node.compute_init.follow import Follower, Look, Next, acknowledgement, decide
from node.compute_init.followed import Followed, read_followed
from node.compute_init.record import ComputeInitRecord
from node.compute_init.run import alone
from node.compute_init.settings import ComputeInitSettings
from node.compute_init.small_file import SIZE, SmallFiles
from node.export_receiver.acknowledgement import parse
from tests.unit.node.compute_node import NODE, fetched, go, put
from tests.unit.node.nfs_server import FileServer, serving
from toolchain.paths import REPOSITORY

FOLLOWED = Followed("127.0.0.1", "/nodes", NODE, "server-1")
DONE_ = ComputeInitRecord(DONE, "", state="done", signed="new")


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (Look("", None), Next.WAIT),
        (Look("new", None), Next.APPLY),
        (Look("new", replace(DONE_, signed="old")), Next.APPLY),
        (Look("new", replace(DONE_, status=RUNNING)), Next.APPLY),
        (Look("new", None, started="new", since=1), Next.WAIT),
        (Look("new", None, started="new", since=100), Next.APPLY),
        (Look("new", None, started="old", since=1), Next.APPLY),
        (Look("new", DONE_), Next.TELL),
        (Look("new", DONE_, told=acknowledgement(DONE_, FOLLOWED)), Next.WAIT),
        (Look("new", replace(DONE_, status=FAILED)), Next.TELL),
        (Look("new", replace(DONE_, status=SKIPPED)), Next.TELL),
    ],
)
def test_what_a_look_leads_to(look: Look, expected: Next) -> None:
    assert decide(look, FOLLOWED) is expected


def test_an_acknowledgement_always_fits_and_can_be_read() -> None:
    record = replace(DONE_, status=FAILED, error="\U0001f600" * 5000, step="\x1b" * 5000)
    text = acknowledgement(record, FOLLOWED)
    assert len(text) <= SIZE
    said = parse(text.encode().ljust(SIZE), NODE)
    assert said is not None
    assert (said.status, said.signed, said.instance_id) == ("failed", "new", "server-1")


@pytest.fixture
def control(tmp_path: Path) -> Iterator[FileServer]:
    """The control node, with files for this node."""
    (tmp_path / "nfs/nodes" / NODE).mkdir(parents=True)
    said = tmp_path / "nfs" / FOLLOWED.acknowledgement.lstrip("/")
    said.parent.mkdir(parents=True)
    said.write_bytes(b" " * SIZE)
    with serving(tmp_path / "nfs") as server:
        yield server


def follower(tmp_path: Path, control: FileServer, *apply: str) -> Follower:
    FOLLOWED.write(tmp_path / "followed")
    return Follower(
        tmp_path / "followed",
        tmp_path / "record.json",
        apply or ("false",),
        lambda server: SmallFiles(server, 5.0, control.port, (0,)),
        lambda _text: None,
    )


def said(control: FileServer) -> dict[str, str]:
    text = (control.folder / FOLLOWED.acknowledgement.lstrip("/")).read_text().strip()
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def test_nothing_runs_while_the_digest_is_unchanged(tmp_path: Path, control: FileServer) -> None:
    record = json.dumps({"schema": 1, "status": DONE, "started": "", "state": "done", "signed": "abc"})
    write = f"import pathlib; pathlib.Path({str(tmp_path / 'record.json')!r}).write_text({record!r})"
    count = f"open({str(tmp_path / 'count')!r}, 'a').write('x')"
    watching = follower(tmp_path, control, sys.executable, "-c", f"{write}; {count}")
    assert watching.look() == FOLLOWED.seconds
    assert control.requests == []
    (control.folder / "nodes" / NODE / "follow").write_text("abc\n")
    for _ in range(5):
        watching.look()
    assert (tmp_path / "count").read_text() == "x"
    assert control.requests == ["read", "write", "write", "read", "read", "read", "read"]
    assert (said(control)["status"], said(control)["state"], said(control)["signed"]) == ("done", "done", "abc")


def test_what_the_control_node_did_not_take_is_told_again(tmp_path: Path, control: FileServer) -> None:
    (control.folder / "nodes" / NODE / "follow").write_text("abc\n")
    control.writable = False
    watching = follower(tmp_path, control, "true")
    (tmp_path / "record.json").write_text(
        json.dumps({"schema": 1, "status": FAILED, "started": "", "error": "broken", "signed": "abc"})
    )
    watching.look()
    assert said(control) == {}
    control.writable = True
    watching.look()
    assert said(control)["text"] == "broken"


def test_a_control_node_that_is_away_is_waited_for(tmp_path: Path, control: FileServer) -> None:
    watching = follower(tmp_path, control)
    control.answer = b""
    assert watching.look() == FOLLOWED.seconds
    (tmp_path / "followed").unlink()
    assert watching.look() == 1.0


def test_killed_at_any_step_the_node_has_the_newest_bundle_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.node.follow_killer", str(tmp_path)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    steps = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(steps) > 8
    assert [step for step in steps if (step["said"], step["has"]) != (["done", "new"], "new")] == []


def test_compute_init_says_what_it_looked_at_and_what_to_follow(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path
) -> None:
    """Of a bundle that it has applied it fetches no more than the statement."""
    go(settings)
    fetched(tmp_path)
    put(folder, serial=200)
    _, record, _ = go(settings)
    assert record.signed == hashlib.sha256((folder / "bundle.signed").read_bytes()).hexdigest()
    assert (record.state, record.serial, fetched(tmp_path)) == ("unchanged", 200, ["bundle.signed"])
    followed = read_followed(settings.followed)
    assert followed is not None
    assert (followed.server, followed.node, followed.instance_id) == ("127.0.0.1", NODE, "server-1")


def test_the_bundle_says_how_soon_a_change_is_noticed(settings: ComputeInitSettings, folder: Path) -> None:
    put(folder, follow_seconds=17)
    go(settings)
    followed = read_followed(settings.followed)
    assert followed is not None
    assert followed.seconds == 17


def test_a_rejected_bundle_is_said_to_be_the_one_that_was_looked_at(
    settings: ComputeInitSettings, folder: Path
) -> None:
    go(settings)
    (folder / "bundle.signed").write_bytes(b"forged")
    _, record, _ = go(settings)
    assert (record.state, record.signed) == ("wrong-signature", hashlib.sha256(b"forged").hexdigest())


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second one waits until the first has ended, however that ends."""
    lock = tmp_path / "run" / "lock"
    program = f"import pathlib, time; from node.compute_init.run import alone; a = alone(pathlib.Path({str(lock)!r}))"
    holder = subprocess.Popen(
        [sys.executable, "-c", f"{program}; a.__enter__(); print('locked', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"locked\n"
    entered = threading.Event()

    def enter() -> None:
        with alone(lock):
            entered.set()

    second = threading.Thread(target=enter)
    second.start()
    assert not entered.wait(0.2)
    holder.kill()
    holder.communicate()
    second.join(30)
    assert entered.is_set()
