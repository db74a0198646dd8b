"""What is done about an image, as data: what there is, what is done, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from slurm_appliance.image.plan import BuildDecisionKind, Claim, ListedImage, abandoned, decide

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def image(number: int, status: str = "active", minutes: int = 0) -> ListedImage:
    return ListedImage(f"image-{number}", status, NOON + timedelta(minutes=minutes))


def claim(build: str, *, name: str = "slurm-1", alive: bool = True, kept: bool = False, minutes: int = 0) -> Claim:
    return Claim(f"mark-{build}", build, name, "ann@host", NOON + timedelta(minutes=minutes), alive, kept, "")


@dataclass
class Case:
    """Facts, and what follows."""

    kind: BuildDecisionKind
    reason: str
    images: tuple[ListedImage, ...] = ()
    claims: tuple[Claim, ...] = ()
    force: datetime | None = None
    own: str = ""
    takes: str = ""


CASES = {
    "nothing there": Case(BuildDecisionKind.BUILD, "no image has this content yet"),
    "image there": Case(BuildDecisionKind.USE, "image image-1 has this content", (image(1),), takes="image-1"),
    "several there": Case(BuildDecisionKind.USE, "the newest of 2", (image(1, minutes=5), image(2)), takes="image-1"),
    "half made": Case(
        BuildDecisionKind.BUILD, "is not active but queued, saving", (image(1, "saving"), image(2, "queued"))
    ),
    "deactivated": Case(BuildDecisionKind.BUILD, "not active but deactivated", (image(1, "deactivated"),)),
    "forced": Case(BuildDecisionKind.BUILD, "was requested although", (image(1),), force=NOON + timedelta(minutes=1)),
    "forced, made since": Case(BuildDecisionKind.USE, "image-1", (image(1, minutes=2),), force=NOON, takes="image-1"),
    "another builds": Case(
        BuildDecisionKind.WAIT, "ann@host has been building it since 12:00:00 UTC", claims=(claim("b"),), takes="mark-b"
    ),
    "two others build": Case(
        BuildDecisionKind.WAIT, "since 12:00", claims=(claim("b", minutes=1), claim("a")), takes="mark-a"
    ),
    "another is dead": Case(BuildDecisionKind.BUILD, "no image", claims=(claim("b", alive=False),)),
    "another was kept": Case(BuildDecisionKind.BUILD, "no image", claims=(claim("b", kept=True),)),
    "another builds something else": Case(BuildDecisionKind.BUILD, "no image", claims=(claim("b", name="slurm-2"),)),
    "own mark": Case(BuildDecisionKind.BUILD, "no image", claims=(claim("me"),), own="me"),
    "own mark and another": Case(
        BuildDecisionKind.WAIT, "building it", claims=(claim("me"), claim("b")), own="me", takes="mark-b"
    ),
    "image there while another builds": Case(
        BuildDecisionKind.USE, "image-1", (image(1),), (claim("b"),), takes="image-1"
    ),
    "forced while another builds": Case(
        BuildDecisionKind.WAIT,
        "building it",
        (image(1),),
        (claim("b"),),
        force=NOON + timedelta(minutes=1),
        takes="mark-b",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_decisions(case: Case) -> None:
    action = decide("slurm-1", case.images, case.claims, force_since=case.force, own_build=case.own)
    assert action.kind is case.kind
    assert case.reason in action.reason
    taken = action.image or action.claim
    assert (taken.id if taken else "") == case.takes


def test_only_dead_builds_that_nobody_kept_are_cleared_up_oldest_first() -> None:
    claims = [
        claim("new", alive=False, minutes=9),
        claim("old", alive=False),
        claim("alive"),
        claim("kept", alive=False, kept=True),
    ]
    assert [each.build for each in abandoned(claims)] == ["old", "new"]
