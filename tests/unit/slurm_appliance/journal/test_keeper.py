"""The keeper: journals on the disk, and what becomes of them when somebody is killed at any point."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.journal.errors import JournalError, LockLostError
from slurm_appliance.journal.keeper import Keeper, current
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.log import Log
from slurm_appliance.journal.replay import EntryKind


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    made = StateLayout(tmp_path, "p", "s")
    made.write({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": {"manifest": {}}}})
    return made


def created(number: int, name: str) -> list[dict[str, Any]]:
    state = {"urn": name, "type": "t"}
    return [
        {"version": 1, "kind": int(EntryKind.BEGIN), "sequenceID": 2 * number, "operationID": number,
         "operation": {"type": "creating", "resource": state}},
        {"version": 1, "kind": int(EntryKind.SUCCESS), "sequenceID": 2 * number + 1, "operationID": number,
         "state": state},
    ]  # fmt: skip


def names(layout: StateLayout) -> list[str]:
    return [each["urn"] for each in layout.read()["checkpoint"]["latest"].get("resources", [])]


def begun(layout: StateLayout, *entries: dict[str, Any]) -> Keeper:
    keeper = Keeper(layout)
    update = keeper.announce("update")
    keeper.start(update, "v3.259.0")
    keeper.add(list(entries))
    return keeper


def test_an_update_becomes_part_of_the_state(layout: StateLayout) -> None:
    keeper = begun(layout, *created(1, "a"), *created(2, "b"))
    assert names(layout) == []
    keeper.complete(keeper.updates[0], "succeeded")
    assert names(layout) == ["a", "b"]
    assert not layout.journal.exists()
    assert keeper.updates[0].as_history(1)["result"] == "succeeded"


def test_a_preview_has_no_journal(layout: StateLayout) -> None:
    keeper = Keeper(layout)
    preview = keeper.announce("preview")
    keeper.start(preview, "v3.259.0")
    keeper.complete(preview, "succeeded")
    assert not layout.journal.exists()


def test_what_a_killed_update_did_is_recovered(layout: StateLayout) -> None:
    begun(layout, *created(1, "a"), created(2, "b")[0])
    assert Keeper(layout).recover() == 3
    assert names(layout) == ["a"]
    pending = layout.read()["checkpoint"]["latest"]["pending_operations"]
    assert [each["resource"]["urn"] for each in pending] == ["b"]
    assert Keeper(layout).recover() == 0


def test_a_line_that_is_not_whole_was_not_answered(layout: StateLayout) -> None:
    begun(layout, *created(1, "a"))
    with layout.journal.open("ab") as file:
        file.write(json.dumps(created(2, "b")[0]).encode()[:20])
    assert Keeper(layout).recover() == 2
    assert names(layout) == ["a"]


def test_a_batch_that_was_sent_twice_counts_once(layout: StateLayout) -> None:
    keeper = begun(layout, *created(1, "a"))
    keeper.add(created(1, "a"))
    keeper.complete(keeper.updates[0], "succeeded")
    assert names(layout) == ["a"]


@pytest.mark.parametrize("content", [b"", b'{"update": "x"'])
def test_a_journal_without_its_head_is_none(layout: StateLayout, content: bytes) -> None:
    layout.journal.parent.mkdir(parents=True)
    layout.journal.write_bytes(content)
    assert Keeper(layout).recover() == 0
    assert not layout.journal.exists()


def test_killed_after_the_state_was_written(layout: StateLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = begun(layout, *created(1, "a"))
    monkeypatch.setattr(Log, "remove", lambda _log: None)
    keeper.complete(keeper.updates[0], "succeeded")
    monkeypatch.undo()
    assert layout.journal.exists()
    assert Keeper(layout).recover() == 0
    assert names(layout) == ["a"]
    assert not layout.journal.exists()


def test_killed_before_the_state_was_written(layout: StateLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = begun(layout, *created(1, "a"))

    def full(_layout: StateLayout, _state: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateLayout, "write", full)
    with pytest.raises(OSError, match="No space left"):
        keeper.complete(keeper.updates[0], "succeeded")
    monkeypatch.undo()
    assert Keeper(layout).recover() == 2
    assert names(layout) == ["a"]


def test_a_state_that_somebody_replaced_is_not_mixed_with_the_journal(layout: StateLayout) -> None:
    begun(layout, *created(1, "a"))
    layout.write(layout.read() | {"version": 4})
    with pytest.raises(JournalError) as refused:
        Keeper(layout).recover()
    assert refused.value.where == str(layout.journal)
    assert layout.journal.exists()
    assert layout.read()["version"] == 4


def test_nor_by_the_end_of_the_update(layout: StateLayout) -> None:
    keeper = begun(layout, *created(1, "a"))
    layout.write(layout.read() | {"version": 4})
    with pytest.raises(JournalError, match="does not match the current state"):
        keeper.complete(keeper.updates[0], "succeeded")
    assert layout.journal.exists()
    assert (layout.read()["version"], names(layout)) == (4, [])


def test_the_resources_are_replaced_and_the_rest_stays(layout: StateLayout) -> None:
    Keeper(layout).replace({"resources": [{"urn": "b"}]})
    assert names(layout) == ["b"]
    assert layout.read()["checkpoint"]["stack"] == "organization/p/s"


def test_the_engine_is_shown_other_attributes_and_the_state_keeps_its_own(layout: StateLayout) -> None:
    keeper = Keeper(layout)
    kept = {"resources": [{"urn": "a", "protect": True}, {"urn": "b"}]}
    keeper.replace(kept)
    with keeper.showing(lambda deployment: {"resources": [{"urn": each["urn"]} for each in deployment["resources"]]}):
        assert keeper.export()["deployment"] == {"resources": [{"urn": "a"}, {"urn": "b"}]}
        update = keeper.announce("destroy")
        keeper.start(update, "v3.259.0")
        keeper.add([{"version": 1, "kind": int(EntryKind.SUCCESS), "sequenceID": 1, "operationID": 1, "removeOld": 1}])
        keeper.complete(update, "failed")
    assert keeper.export()["deployment"]["resources"] == kept["resources"][:1]


def test_two_updates_at_once_are_one_too_many(layout: StateLayout) -> None:
    keeper = begun(layout)
    with pytest.raises(JournalError) as refused:
        keeper.start(keeper.announce("destroy"), "v3.259.0")
    assert refused.value.where == str(layout.journal)


def test_compressed_states_stay_so(layout: StateLayout) -> None:
    plain = layout.state
    packed = plain.with_name(f"{plain.name}.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    keeper = begun(layout, *created(1, "a"))
    keeper.complete(keeper.updates[0], "succeeded")
    assert layout.state == packed
    assert names(layout) == ["a"]
    assert not plain.exists()


def test_only_the_owner_reads_state_and_journal(layout: StateLayout) -> None:
    begun(layout, *created(1, "a"))
    assert layout.journal.stat().st_mode & 0o077 == 0
    assert layout.state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "remedy"),
    [("", ".pulumi/backups"), ("[]", "newer"), ('{"version": 9, "checkpoint": {}}', "newer")],
)
def test_a_state_that_cannot_be_read(layout: StateLayout, content: str, remedy: str) -> None:
    layout.state.write_text(content)
    with pytest.raises(JournalError) as refused:
        layout.read()
    assert refused.value.where == str(layout.state)
    assert remedy in refused.value.remedy
    layout.state.unlink()
    with pytest.raises(JournalError, match="stack s"):
        layout.read()


def test_a_run_whose_lock_was_taken_writes_nothing_more(layout: StateLayout) -> None:
    taken = False

    def guard() -> None:
        if taken:
            raise LockLostError("this run lost the stack's lock")

    keeper = Keeper(layout, guard)
    update = keeper.announce("update")
    keeper.start(update, "v3.259.0")
    keeper.add(created(1, "a"))
    before, taken = layout.journal.read_bytes(), True
    for write in (
        lambda: keeper.add(created(2, "b")),
        lambda: keeper.complete(update, "succeeded"),
        lambda: keeper.replace({"resources": []}),
        keeper.recover,
    ):
        with pytest.raises(LockLostError):
            write()
    assert layout.journal.read_bytes() == before
    assert names(layout) == []


def test_a_state_is_seen_with_its_journal(layout: StateLayout) -> None:
    assert current(layout)["checkpoint"]["latest"].get("resources") is None
    begun(layout, *created(1, "a"), created(2, "b")[0])
    journal, state = layout.journal.read_bytes(), layout.state.read_bytes()
    latest = current(layout)["checkpoint"]["latest"]
    assert [each["urn"] for each in latest["resources"]] == ["a"]
    assert [each["resource"]["urn"] for each in latest["pending_operations"]] == ["b"]
    assert (layout.journal.read_bytes(), layout.state.read_bytes()) == (journal, state), "it was only looked at"
    Keeper(layout).recover()
    assert current(layout) == layout.read()
    begun(layout, *created(2, "b"))
    layout.write(layout.read() | {"version": 4})
    with pytest.raises(JournalError) as refused:
        current(layout)
    assert refused.value.where == str(layout.journal)
