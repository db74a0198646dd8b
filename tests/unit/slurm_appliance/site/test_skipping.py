"""Which parts a run skips: those that were applied to all their nodes, and still run there."""

from dataclasses import replace
from typing import Any

import pytest

from slurm_appliance.site.parts import SitePart
from slurm_appliance.site.skipping import SCHEMA, AppliedState, decide, kept, whole


def part(name: str, text: str = "", **more: Any) -> SitePart:
    return SitePart(name, frozenset({"control", "login"}), text, "", **more)


PARTS = {
    each.name: each
    for each in (
        part("keeps", "keeps.service and keeps.socket"),
        part("users"),
        part("homes", needs=("users",)),
        part("ssh_host_keys"),
    )
}
DIGESTS = {"control": dict.fromkeys(PARTS, "1"), "login": dict.fromkeys(PARTS, "1")}
STATE = AppliedState(
    facts="run", parts=dict.fromkeys(PARTS, "1"), units_then=frozenset({"keeps.service"}),
    packages_then=(5,), units=frozenset({"keeps.service"}), packages=(5,), booted=True, host_key="key",
)  # fmt: skip
STATES = {"control": STATE, "login": STATE}
FACTS = {"control": "run", "login": "run"}


def without(name: str) -> AppliedState:
    return replace(STATE, parts={each: digest for each, digest in STATE.parts.items() if each != name})


def test_what_was_applied_is_skipped() -> None:
    assert whole(dict(STATES), FACTS) == ""
    assert decide(PARTS, DIGESTS, STATES).skip == PARTS.keys()


@pytest.mark.parametrize(
    ("digests", "login", "run"),
    [
        ({"users": "2"}, STATE, {"users"}),
        ({"homes": "2"}, STATE, {"homes", "users"}),
        ({"homes": ""}, STATE, {"homes", "users"}),
        ({}, without("users"), {"users"}),
        ({}, replace(STATE, units=frozenset()), {"keeps"}),
        ({"ssh_host_keys": "2"}, STATE, set(PARTS)),
    ],
)
def test_a_part_runs_on_all_its_nodes_if_one_of_them_needs_it(
    digests: dict[str, str], login: AppliedState, run: set[str]
) -> None:
    decision = decide(PARTS, DIGESTS | {"login": DIGESTS["login"] | digests}, {"control": STATE, "login": login})
    assert (set(decision.run), set(decision.skip)) == (run, set(PARTS) - run)


def test_a_part_that_is_not_for_a_node_does_not_run_because_of_it() -> None:
    only = {"control": DIGESTS["control"], "login": {}}
    assert decide(PARTS, only, {"control": STATE, "login": replace(STATE, parts={})}).run == {}


@pytest.mark.parametrize(
    ("login", "facts"),
    [
        (None, FACTS),
        (AppliedState(), FACTS),
        (replace(STATE, booted=False), FACTS),
        (replace(STATE, packages=(6,)), FACTS),
        (STATE, {"control": "run"}),
        (STATE, {"control": "run", "login": "another"}),
    ],
)
def test_everything_runs_where_a_node_or_this_machine_knows_too_little(
    login: AppliedState | None, facts: dict[str, str]
) -> None:
    assert "login" in whole({"control": STATE, "login": login}, facts)


def test_a_record_is_read_as_it_was_written() -> None:
    record = STATE.record({"users": "1"}, "run")
    said = {"record": record, "ansible_init": "done", "host_key": "key", "packages": [5], "units": ["keeps.service"]}
    assert AppliedState.of(said) == replace(STATE, parts={"users": "1"})
    unknown = AppliedState.of(said | {"record": record | {"schema": SCHEMA + 1}})
    assert (unknown.facts, unknown.parts) == ("", {})
    assert kept(STATE, {"users": "why"}) == {"homes": "1", "keeps": "1", "ssh_host_keys": "1"}


@pytest.mark.parametrize("said", [{}, {"record": []}, {"record": {}, "units": 1}])
def test_nonsense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown form"):
        AppliedState.of(said)
