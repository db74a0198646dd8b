"""The journal's file: what a kill or a full disk leaves of it can be read, and gone on with."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.log import Log
from slurm_appliance.journal.replay import EntryKind

HEAD = {"update": "u", "engine": "v3.259.0", "base": "b"}


def entry(number: int, text: str = "") -> dict[str, Any]:
    state = {"urn": f"r{number}", "type": "t", "outputs": {"text": text}}
    return {"version": 1, "kind": int(EntryKind.SUCCESS), "sequenceID": number, "operationID": number, "state": state}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: a write ends short, and the next one fails, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


texts = st.text(max_size=40)


@settings(deadline=None, max_examples=50)
@given(written=st.lists(texts, min_size=1, max_size=6), more=texts, data=st.data())
def test_whatever_is_cut_off_the_rest_is_recovered_and_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], more: str, data: st.DataObject
) -> None:
    log = Log(tmp_path_factory.mktemp("log") / "s.jsonl")
    log.begin(HEAD)
    sizes = [log.path.stat().st_size]
    entries = [entry(number, text) for number, text in enumerate(written)]
    for each in entries:
        log.add([each])
        sizes.append(log.path.stat().st_size)
    cut = data.draw(st.integers(0, sizes[-1]), label="cut")
    with log.path.open("r+b") as file:
        file.truncate(cut)
    whole = sum(size <= cut for size in sizes)
    found = log.read()
    assert (found.entries if found else None) == (entries[: whole - 1] if whole else None)
    if found:
        added = entry(99, more)
        log.add([added])
        log.close("digest")
        after = log.read()
        assert after is not None
        assert (after.entries, after.result) == ([*found.entries, added], "digest")


@settings(deadline=None, max_examples=50)
@given(room=st.integers(0, 400), data=st.data())
def test_a_disk_that_fills_up_leaves_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, room: int, data: st.DataObject
) -> None:
    log = Log(tmp_path_factory.mktemp("log") / "s.jsonl")
    log.begin(HEAD)
    batches = data.draw(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=5))
    taken: list[dict[str, Any]] = []
    number = 0
    for texts_ in batches:
        batch = [entry(number + index, text) for index, text in enumerate(texts_)]
        number += len(batch)
        with files_of_at_most(len(json.dumps(HEAD)) + room):
            try:
                log.add(batch)
            except JournalError as error:
                assert isinstance(error.__cause__, OSError)  # noqa: PT017 - it is not raised each time
            else:
                taken += batch
        assert log.path.read_bytes().endswith(b"\n")
        found = log.read()
        assert found is not None
        assert found.entries == taken


def test_no_room_for_a_journal_leaves_none(tmp_path: Path) -> None:
    log = Log(tmp_path / "s.jsonl")
    with files_of_at_most(10), pytest.raises(JournalError, match="File too large"):
        log.begin(HEAD)
    assert not log.path.exists()
    log.begin(HEAD)
    assert log.read() is not None


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (1, b"\0\0\0"), (1, b"[]"), (1, b'{"update": "u"}'),
        (2, b'{"version":1,"ki{"result":"x"}'), (2, b"null"), (2, b"{}"), (2, b'{"result": 1}'),
        (2, b'{"version": 1, "kind": 1, "sequenceID": "1", "operationID": 1}'),
        (3, b""), (3, b"\xff\xfe"),
    ],
)  # fmt: skip
def test_damage_before_the_end_is_told_with_its_line(tmp_path: Path, number: int, line: bytes) -> None:
    log = Log(tmp_path / "s.jsonl")
    log.begin(HEAD)
    log.add([entry(1), entry(2)])
    lines = log.path.read_bytes().split(b"\n")
    lines[number - 1] = line
    log.path.write_bytes(b"\n".join(lines))
    with pytest.raises(JournalError, match=rf"\bline {number}\b") as told:
        log.read()
    assert told.value.where == str(log.path)
    assert f"line {number};" in told.value.remedy


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    made = StateLayout(tmp_path, "p", "s")
    made.write({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": {"manifest": {}}}})
    return made


def names(layout: StateLayout) -> list[str]:
    return [each["urn"] for each in layout.read()["checkpoint"]["latest"].get("resources", [])]


def test_a_torn_line_does_not_spoil_the_recovery_that_comes_to_nothing(
    layout: StateLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit's case: the line that recovery itself adds was glued onto the torn one."""
    keeper = Keeper(layout)
    keeper.start(keeper.announce("update"), "v3.259.0")
    keeper.add([entry(1)])
    with layout.journal.open("ab") as file:
        file.write(b'{"version":1,"ki')
    monkeypatch.setattr(Log, "remove", lambda _log: None)
    monkeypatch.setattr(StateLayout, "write", lambda _layout, _state: None)
    Keeper(layout).recover()
    monkeypatch.undo()
    assert Keeper(layout).recover() == 1
    assert names(layout) == ["r1"]


def test_after_an_entry_that_found_no_room_none_is_taken(layout: StateLayout) -> None:
    keeper = Keeper(layout)
    update = keeper.announce("update")
    keeper.start(update, "v3.259.0")
    keeper.add([entry(1)])
    with files_of_at_most(layout.journal.stat().st_size + 20), pytest.raises(JournalError):
        keeper.add([entry(2)])
    outputs = {**entry(3), "kind": int(EntryKind.OUTPUTS), "removeNew": 2}
    with pytest.raises(JournalError):
        keeper.add([outputs])
    keeper.complete(update, "failed")
    assert names(layout) == ["r1"]
    keeper.start(keeper.announce("update"), "v3.259.0")
    keeper.add([entry(4)])


def test_no_room_for_the_state_keeps_state_and_journal(layout: StateLayout) -> None:
    layout.write(layout.read() | {"padding": "x" * 5000})
    keeper = Keeper(layout)
    update = keeper.announce("update")
    keeper.start(update, "v3.259.0")
    keeper.add([entry(1)])
    before = layout.state.read_bytes()
    with files_of_at_most(5000), pytest.raises(JournalError):
        keeper.complete(update, "succeeded")
    assert layout.state.read_bytes() == before
    assert not list(layout.state.parent.glob(".writing-*"))
    assert Keeper(layout).recover() == 1
    assert names(layout) == ["r1"]


def test_an_entry_that_refers_to_nothing_is_told(layout: StateLayout) -> None:
    keeper = Keeper(layout)
    keeper.start(keeper.announce("update"), "v3.259.0")
    keeper.add([{**entry(1), "kind": int(EntryKind.WRITE)}])
    with pytest.raises(JournalError, match=r"\bentry 1\b"):
        Keeper(layout).recover()
