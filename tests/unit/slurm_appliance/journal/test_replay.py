"""Replay: a state and a journal in, the state after it out."""

from typing import Any

import pytest

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.replay import EntryKind, Replay, replayed


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": name, "type": "t", **more}


BASE = {
    "manifest": {"time": "then", "version": "v3.259.0", "magic": "x"},
    "secrets_providers": {"type": "passphrase"},
    "resources": [resource("stack"), resource("a", parent="stack"), resource("b", parent="stack", dependencies=["a"])],
}


def entry(kind: EntryKind, number: int, **more: Any) -> dict[str, Any]:
    return {"version": 1, "kind": int(kind), "sequenceID": number, "operationID": number, **more}


def after(*entries: dict[str, Any], base: dict[str, Any] | None = None) -> dict[str, Any]:
    replay = Replay(BASE if base is None else base)
    for each in entries:
        replay.add(each)
    return replay.deployment()


def urns(deployment: dict[str, Any]) -> list[str]:
    return [each["urn"] for each in deployment["resources"]]


def test_nothing_happened() -> None:
    assert after()["resources"] == BASE["resources"]
    assert after()["secrets_providers"] == {"type": "passphrase"}


def test_a_create() -> None:
    begun = entry(EntryKind.BEGIN, 1, operation={"type": "creating", "resource": resource("c")})
    deployment = after(begun)
    assert urns(deployment) == ["stack", "a", "b"]
    assert deployment["pending_operations"] == [{"type": "creating", "resource": resource("c")}]
    deployment = after(begun, entry(EntryKind.SUCCESS, 1, state=resource("c", id="1")))
    # The update has not dealt with the others yet: they come after what it has.
    assert urns(deployment) == ["c", "stack", "a", "b"]
    assert "pending_operations" not in deployment
    assert "pending_operations" not in after(begun, entry(EntryKind.FAILURE, 1))


def test_what_stays_and_what_changes_is_in_the_updates_order() -> None:
    deployment = after(
        entry(EntryKind.SUCCESS, 1, removeOld=0, state=resource("stack")),
        entry(EntryKind.SUCCESS, 2, removeOld=1, state=resource("a", changed=True)),
        entry(EntryKind.SUCCESS, 3, state=resource("c")),
    )
    assert urns(deployment) == ["stack", "a", "c", "b"]
    assert deployment["resources"][1]["changed"]


def test_a_delete() -> None:
    assert urns(after(entry(EntryKind.SUCCESS, 1, removeOld=2))) == ["stack", "a"]


def test_a_new_resource_that_is_deleted_again() -> None:
    made = entry(EntryKind.SUCCESS, 1, state=resource("c"))
    other = entry(EntryKind.SUCCESS, 2, state=resource("d"))
    assert urns(after(made, other, entry(EntryKind.SUCCESS, 3, removeNew=1))) == ["d", "stack", "a", "b"]


def test_outputs_come_later() -> None:
    made = entry(EntryKind.SUCCESS, 1, state=resource("c"))
    deployment = after(made, entry(EntryKind.OUTPUTS, 2, removeNew=1, state=resource("c", outputs={"x": 1})))
    assert deployment["resources"][0]["outputs"] == {"x": 1}
    deployment = after(entry(EntryKind.OUTPUTS, 2, removeOld=1, state=resource("a", outputs={"x": 1})))
    assert deployment["resources"][1]["outputs"] == {"x": 1}
    assert after(entry(EntryKind.OUTPUTS, 2, removeOld=1))["resources"] == BASE["resources"]


def test_a_replacement_marks_the_old_one() -> None:
    deployment = after(entry(EntryKind.SUCCESS, 1, deleteOld=1, state=resource("a", id="new")))
    assert [(each["urn"], each.get("delete", False)) for each in deployment["resources"]] == [
        ("a", False),
        ("stack", False),
        ("a", True),
        ("b", False),
    ]
    deployment = after(entry(EntryKind.SUCCESS, 1, pendingReplacementOld=1))
    assert deployment["resources"][1]["pendingReplacement"]
    made = entry(EntryKind.SUCCESS, 1, state=resource("c"))
    assert after(made, entry(EntryKind.SUCCESS, 2, deleteNew=1))["resources"][0]["delete"]
    assert after(made, entry(EntryKind.SUCCESS, 2, pendingReplacementNew=1))["resources"][0]["pendingReplacement"]
    assert "delete" not in made["state"], "entries are not changed"


def test_a_refresh_finds_something_changed_or_gone() -> None:
    changed = entry(EntryKind.REFRESH_SUCCESS, 1, removeOld=1, state=resource("a", outputs={"x": 1}))
    assert after(changed)["resources"][1]["outputs"] == {"x": 1}
    gone = after(entry(EntryKind.REFRESH_SUCCESS, 1, removeOld=1))
    assert urns(gone) == ["stack", "b"]
    assert gone["resources"][1]["dependencies"] == []


def test_what_belonged_to_something_that_is_gone_belongs_to_what_that_belonged_to() -> None:
    base = {"resources": [resource("stack"), resource("p", parent="stack"), resource("c", parent="p", deletedWith="p",
            propertyDependencies={"x": ["p", "stack"], "y": None})]}  # fmt: skip
    child = after(entry(EntryKind.REFRESH_SUCCESS, 1, removeOld=1), base=base)["resources"][1]
    assert child == resource("c", propertyDependencies={"x": ["stack"], "y": []})


def test_after_a_refresh_the_update_begins_with_what_it_found() -> None:
    deployment = after(
        entry(EntryKind.REFRESH_SUCCESS, 1, removeOld=1),
        entry(EntryKind.REBUILT_BASE_STATE, 2),
        entry(EntryKind.SUCCESS, 3, removeOld=1),
    )
    assert urns(deployment) == ["stack"], "the second of the two that were left is b"


def test_a_new_base() -> None:
    assert urns(after(entry(EntryKind.WRITE, 1, newSnapshot={"resources": [resource("z")]}))) == ["z"]


def test_the_secrets_manager() -> None:
    assert after(entry(EntryKind.SECRETS_MANAGER, 1, secretsProvider={"type": "other"}))["secrets_providers"] == {
        "type": "other"
    }
    assert BASE["secrets_providers"] == {"type": "passphrase"}


def test_creates_that_were_pending_before_stay_so() -> None:
    old = [{"type": "creating", "resource": resource("x")}, {"type": "deleting", "resource": resource("y")}]
    assert after(base={**BASE, "pending_operations": old})["pending_operations"] == old[:1]


def test_a_command_that_failed_stays_pending_as_one_that_was_interrupted() -> None:
    """It may have done a part; the state has what it was run with before."""
    command = resource("run", type="command:local:Command")
    begun = entry(EntryKind.BEGIN, 1, operation={"type": "updating", "resource": command})
    failed = after(begun, entry(EntryKind.FAILURE, 1))
    assert failed["pending_operations"] == after(begun)["pending_operations"]
    again = after(begun, entry(EntryKind.FAILURE, 1), base=failed)
    assert again["pending_operations"] == failed["pending_operations"], "once"
    assert "pending_operations" not in after(base=failed), "a repair came before"
    rebuilt = after(begun, entry(EntryKind.FAILURE, 1), entry(EntryKind.REBUILT_BASE_STATE, 2))
    assert rebuilt["pending_operations"] == failed["pending_operations"]


@pytest.mark.parametrize(
    ("doing", "kind"), [("creating", "command:local:Command"), ("updating", "t"), ("deleting", "command:local:Command")]
)
def test_what_else_failed_is_not_pending(doing: str, kind: str) -> None:
    begun = entry(EntryKind.BEGIN, 1, operation={"type": doing, "resource": resource("run", type=kind)})
    assert "pending_operations" not in after(begun, entry(EntryKind.FAILURE, 1))


def test_former_names_are_followed() -> None:
    base = {"resources": [resource("stack"), resource("b", dependencies=["old"], provider="old::1", parent="old")]}
    deployment = after(entry(EntryKind.SUCCESS, 1, state=resource("new", aliases=["old"])), base=base)
    assert deployment["resources"][2] == resource("b", dependencies=["new"], provider="new::1", parent="new")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"version": 2}, "version 2"),
        ({"kind": 9}, "unknown kind 9"),
        ({"removeNew": 77}, "operation 77"),
    ],
)
def test_what_it_does_not_know_is_refused(bad: dict[str, Any], said: str) -> None:
    with pytest.raises(JournalError, match=said):
        after(entry(EntryKind.SUCCESS, 1) | bad)


def test_a_whole_state() -> None:
    state = {"version": 3, "checkpoint": {"stack": "organization/p/s", "latest": BASE}}
    folded = replayed(state, [entry(EntryKind.SUCCESS, 1, state=resource("c"))], "v3.300.0")
    assert folded["version"] == 3
    assert folded["checkpoint"]["stack"] == "organization/p/s"
    manifest = folded["checkpoint"]["latest"]["manifest"]
    assert (manifest["time"], manifest["version"]) == ("then", "v3.300.0")
    assert manifest["magic"] != "x"


def test_what_older_engines_must_not_overlook_is_said() -> None:
    state = {"version": 3, "checkpoint": {"latest": BASE}}
    folded = replayed(state, [entry(EntryKind.SUCCESS, 1, state=resource("c", taint=True, resourceHooks={"x": 1}))])
    assert (folded["version"], folded["features"]) == (4, ["hooks", "taint"])
