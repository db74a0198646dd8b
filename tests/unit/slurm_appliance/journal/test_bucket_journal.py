"""The keeper over a bucket: what is answered is in it, and what becomes of it when somebody is killed at any point."""

from typing import Any

import pytest

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper, current
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.object_store import ObjectStore
from tests.unit.slurm_appliance.journal.buckets import memory_bucket
from tests.unit.slurm_appliance.journal.test_keeper import created

FOLDER = ".pulumi/journals/p/s"


@pytest.fixture
def place() -> StackPlace:
    made = StackPlace(memory_bucket(), "p", "s")
    made.write({"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": {"manifest": {}}}})
    return made


def names(place: StackPlace) -> list[str]:
    return [each["urn"] for each in place.read()["checkpoint"]["latest"].get("resources", [])]


def begun(place: StackPlace, *batches: list[dict[str, Any]]) -> Keeper:
    keeper = Keeper(place, origin=("from the commit", {"git.head": "c0ffee"}))
    keeper.start(keeper.announce("update", "", {"exec.kind": "auto.local"}), "v3.259.0")
    for batch in batches:
        keeper.add(batch)
    return keeper


def test_an_update_becomes_part_of_the_state_and_of_its_history(place: StackPlace) -> None:
    keeper = begun(place, created(1, "a"), created(2, "b"))
    assert names(place) == []
    assert [each["urn"] for each in current(place)["checkpoint"]["latest"]["resources"]] == ["a", "b"]
    keeper.count(keeper.updates[0], {"create": 2})
    keeper.complete(keeper.updates[0], "succeeded")
    assert names(place) == ["a", "b"]
    assert place.store.names(FOLDER) == []
    (update,) = place.history(9)
    assert (update["kind"], update["result"], update["message"]) == ("update", "succeeded", "from the commit")
    assert update["environment"] == {"exec.kind": "auto.local", "git.head": "c0ffee"}
    assert update["resourceChanges"] == {"create": 2}


def test_what_a_run_wrote_itself_is_not_read_again(place: StackPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = begun(place, created(1, "a"), created(2, "b"))
    read: list[str] = []

    def note(store: ObjectStore, key: str) -> bytes | None:
        read.append(key)
        return get(store, key)

    get = ObjectStore.read
    monkeypatch.setattr(ObjectStore, "read", note)
    keeper.complete(keeper.updates[0], "succeeded")
    assert names(place) == ["a", "b"]
    assert not [key for key in read if key.startswith(FOLDER)]


def test_another_machine_recovers_what_a_killed_update_did(place: StackPlace) -> None:
    begun(place, created(1, "a"), [created(2, "b")[0]])
    assert Keeper(place).recover() == 3
    assert names(place) == ["a"]
    pending = place.read()["checkpoint"]["latest"]["pending_operations"]
    assert [each["resource"]["urn"] for each in pending] == ["b"]
    (update,) = place.history(9)
    assert (update["result"], update["environment"]["git.head"]) == ("failed", "c0ffee")
    assert Keeper(place).recover() == 0


def test_killed_after_the_state_was_written(place: StackPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = begun(place, created(1, "a"))
    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "remove", lambda _store, *_keys: None)
        keeper.complete(keeper.updates[0], "succeeded")
    left = place.store.names(FOLDER)
    assert len(left) == 3
    assert Keeper(place).recover() == 0
    assert names(place) == ["a"]
    assert place.store.names(FOLDER) == []


def test_killed_while_the_journal_was_removed(place: StackPlace) -> None:
    keeper = begun(place, created(1, "a"))
    keeper.complete(keeper.updates[0], "succeeded")
    for number in (1, 2):
        place.store.write(f"{FOLDER}/{number:08}-c0ffee.jsonl", b"{}\n")
    assert Keeper(place).recover() == 0
    assert place.store.names(FOLDER) == []


def test_a_part_that_is_missing_is_named(place: StackPlace) -> None:
    begun(place, created(1, "a"), created(2, "b"))
    (name,) = [name for name in place.store.names(FOLDER) if name.startswith("00000001")]
    place.store.remove(f"{FOLDER}/{name}")
    with pytest.raises(JournalError, match=name) as refused:
        Keeper(place).recover()
    assert refused.value.where == f"s3://states/team/{FOLDER}"


def test_a_run_that_lost_its_lock_replaces_nothing_of_the_next_one(place: StackPlace) -> None:
    stale = begun(place, created(1, "a"))
    assert Keeper(place).recover() == 2
    keeper = begun(place, created(2, "b"))
    stale.add(created(3, "c"))
    keeper.complete(keeper.updates[0], "succeeded")
    assert sorted(names(place)) == ["a", "b"]
    assert place.store.names(FOLDER) == []


def test_two_updates_at_once_are_one_too_many(place: StackPlace) -> None:
    begun(place)
    with pytest.raises(JournalError) as refused:
        begun(place)
    assert refused.value.where == f"s3://states/team/{FOLDER}"


def test_a_former_state_is_kept(place: StackPlace) -> None:
    keeper = begun(place, created(1, "a"))
    before = place.store.read(".pulumi/stacks/p/s.json")
    keeper.complete(keeper.updates[0], "succeeded")
    assert place.store.read(".pulumi/stacks/p/s.json.bak") == before
    kept = [name for name in place.store.names(".pulumi/history/p/s") if name.endswith(".checkpoint.json")]
    assert len(kept) == 1
    assert place.store.read(f".pulumi/history/p/s/{kept[0]}") == place.store.read(".pulumi/stacks/p/s.json")


def test_a_bucket_that_cannot_be_read_is_named() -> None:
    from slurm_appliance.journal.object_url import bucket_settings

    nowhere = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    store = ObjectStore(bucket_settings("s3://no_such bucket?region=r&endpoint=http://127.0.0.1:1", nowhere))
    with pytest.raises(JournalError) as refused:
        store.write("key", b"")
    assert refused.value.where.endswith("/key")
    assert "PULUMI_BACKEND_URL" in refused.value.remedy
