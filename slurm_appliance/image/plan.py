"""Decides whether an image has to be built, from facts alone, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class ListedImage:
    """One of our images with the wanted name, from Glance.

    Attributes:
        id: its id.
        status: Glance's status: only ``active`` images can boot.
        created: its creation time.
    """

    id: str
    status: str
    created: datetime


@dataclass(frozen=True)
class Claim:
    """A build's mark in the project, made before anything else and removed after everything else.

    Attributes:
        id: ID of the mark, a Glance image without data.
        build: ID of the build.
        image: name of the image that it builds.
        owner: user and host, for messages.
        created: when the build began.
        alive: whether it is still running.
        kept: whether its server was kept after a failure.
        why: why it counts as alive or not.
    """

    id: str
    build: str
    image: str
    owner: str
    created: datetime
    alive: bool
    kept: bool
    why: str


class BuildDecisionKind(StrEnum):
    """What to do."""

    USE = "use"
    WAIT = "wait"
    BUILD = "build"


@dataclass(frozen=True)
class BuildDecision:
    """What to do and why.

    Attributes:
        kind: use an image, wait for another build, or build.
        reason: one sentence part for the operator.
        image: the image to use.
        claim: the build to wait for.
    """

    kind: BuildDecisionKind
    reason: str
    image: ListedImage | None = None
    claim: Claim | None = None


def decide(
    name: str,
    images: Sequence[ListedImage],
    claims: Sequence[Claim],
    *,
    force_since: datetime | None = None,
    own_build: str = "",
) -> BuildDecision:
    """Decide whether to use, wait for or build the image with a name.

    Args:
        name: of the image.
        images: our images with the name.
        claims: the claims of all builds in the project.
        force_since: ignore images created before this time.
        own_build: ID of the deciding build, whose own claim is ignored.
    """
    active = [image for image in images if image.status == "active"]
    fresh = [image for image in active if force_since is None or image.created >= force_since]
    if fresh:
        newest = max(fresh, key=lambda image: (image.created, image.id))
        more = f", the newest of {len(fresh)}" if len(fresh) > 1 else ""
        return BuildDecision(BuildDecisionKind.USE, f"image {newest.id} has this content{more}", image=newest)
    others = [
        claim for claim in claims if claim.image == name and claim.alive and not claim.kept and claim.build != own_build
    ]
    if others:
        first = min(others, key=lambda claim: (claim.created, claim.id))
        return BuildDecision(
            BuildDecisionKind.WAIT,
            f"{first.owner} has been building it since {first.created:%H:%M:%S} UTC",
            claim=first,
        )
    if active:
        return BuildDecision(BuildDecisionKind.BUILD, "a new build was requested although the image exists")
    if images:
        states = ", ".join(sorted({image.status for image in images}))
        return BuildDecision(BuildDecisionKind.BUILD, f"the image with this content is not active but {states}")
    return BuildDecision(BuildDecisionKind.BUILD, "no image has this content yet")


def abandoned(claims: Sequence[Claim]) -> list[Claim]:
    """The builds whose leftovers must be removed: they are dead and not kept."""
    return sorted((claim for claim in claims if not claim.alive and not claim.kept), key=lambda claim: claim.created)
