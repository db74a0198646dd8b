from datetime import UTC, datetime

import pytest

from mirror.snapshot import PublishPlan, Served, Snapshot, plan_prune, plan_publish

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)


def snapshot(name: str, intended: str = "", **publications: str) -> Snapshot:
    served = tuple(Served(one, f"{one}/{name}", href, f"distribution {one}") for one, href in publications.items())
    return Snapshot(name, created=name, served=served, intended=frozenset(intended.split() or publications))


OLD = snapshot("20261101T000000", debian="d1", rocky="r1")
NEW = snapshot("20261102T000000", debian="d2", rocky="r1")
CUT = snapshot("20261103T000000", intended="debian rocky", debian="d2")


@pytest.mark.parametrize(
    ("current", "there", "wanted", "plan"),
    [
        ({"debian": "d1"}, [], "", PublishPlan("20261123T031500", True, "the first snapshot")),
        (
            {"debian": "d2", "rocky": "r1"}, [OLD, NEW], "",
            PublishPlan("20261102T000000", False, "nothing has changed since 20261102T000000"),
        ),
        (
            {"debian": "d2", "rocky": "r2"}, [OLD, NEW], "",
            PublishPlan("20261123T031500", True, "changed since 20261102T000000: rocky"),
        ),
        (
            # Back to what an earlier snapshot has: the newest one decides.
            {"debian": "d1", "rocky": "r1"}, [OLD, NEW], "",
            PublishPlan("20261123T031500", True, "changed since 20261102T000000: debian"),
        ),
        (
            {"debian": "d2", "rocky": "r1", "epel": "e1"}, [NEW], "",
            PublishPlan("20261123T031500", True, "changed since 20261102T000000: epel"),
        ),
        ({"debian": "d2"}, [NEW], "", PublishPlan("20261123T031500", True, "no longer in the list: rocky")),
        (
            {"debian": "d2", "rocky": "r1"}, [NEW, CUT], "",
            PublishPlan("20261102T000000", False, "nothing has changed since 20261102T000000", ("20261103T000000",)),
        ),
        (
            {"debian": "d2", "rocky": "r1"},
            [CUT],
            "",
            PublishPlan("20261123T031500", True, "the first snapshot", (CUT.name,)),
        ),
        (
            {"debian": "d2", "rocky": "r1"}, [NEW], "release-1",
            PublishPlan("release-1", True, "same packages as 20261102T000000, with the requested name"),
        ),
        ({"debian": "d9"}, [OLD, NEW], OLD.name, PublishPlan(OLD.name, False, "a snapshot with this name exists")),
        ({"debian": "d2"}, [CUT], CUT.name, PublishPlan(CUT.name, True, "the first snapshot", (CUT.name,))),
    ],
)  # fmt: skip
def test_plan_of_a_publish(current: dict[str, str], there: list[Snapshot], wanted: str, plan: PublishPlan) -> None:
    assert plan_publish(current, there, NOW, wanted) == plan


def test_two_snapshots_in_one_second_have_two_names() -> None:
    taken = snapshot("20261123T031500", debian="d1")
    assert plan_publish({"debian": "d2"}, [taken], NOW).name == "20261123T031501"


@pytest.mark.parametrize(
    ("keep", "pinned", "removed"),
    [
        (1, [], (OLD.name, CUT.name)),
        (2, [], (CUT.name,)),
        (5, [], (CUT.name,)),
        (1, [OLD.name], (CUT.name,)),
    ],
)
def test_pruning_keeps_the_newest_and_the_pinned(keep: int, pinned: list[str], removed: tuple[str, ...]) -> None:
    assert plan_prune([OLD, NEW, CUT], keep, pinned) == removed


def test_pruning_keeps_at_least_one() -> None:
    with pytest.raises(ValueError, match="snapshot"):
        plan_prune([OLD], 0)
