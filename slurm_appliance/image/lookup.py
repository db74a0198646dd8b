"""Which image a name or an id stands for. Pure: the caller lists the images."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from slurm_appliance.cloud.text import is_id
from slurm_appliance.image.errors import ImageError


class Candidate(Protocol):
    """An image that may be meant."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name, which other images may have as well."""

    @property
    def status(self) -> str:
        """Glance's word."""

    @property
    def ours(self) -> bool:
        """Whether it is a finished image of ours."""


_Image = TypeVar("_Image", bound=Candidate)


def choose(reference: str, images: Iterable[_Image]) -> _Image:
    """The active image that an id or a name stands for.

    Args:
        reference: id or name.
        images: those to choose from, the newest last; several images of ours may have one name.

    Raises:
        ImageError: there is none, it is not active, or there are several that are not ours.
    """
    key = "id" if is_id(reference) else "name"
    candidates = [image for image in images if getattr(image, key) == reference]
    active = [image for image in candidates if image.status == "active"]
    if not active:
        states = ", ".join(sorted({image.status for image in candidates}))
        what = f"the image {reference} is not active but {states}" if candidates else f"there is no image {reference}"
        raise ImageError(what, remedy="use an active image; list them with `openstack image list`")
    if len(active) > 1 and not all(image.ours for image in active):
        ids = ", ".join(sorted(image.id for image in active))
        raise ImageError(f"{len(active)} images have the name {reference}", remedy=f"use the ID of one of them: {ids}")
    return active[-1]


def identity_of(image: Candidate) -> str:
    """What tells an image from those with other content: the name of one of ours, as it carries a digest."""
    return image.name if image.ours else image.id


def newest_of_ours(name: str, images: Iterable[_Image]) -> _Image | None:
    """The newest active image of ours with a name; None where there is none.

    Args:
        name: an image's name, which carries the digest of its content.
        images: those to choose from, the newest last.
    """
    return next(
        (image for image in reversed(list(images)) if image.ours and image.name == name and image.status == "active"),
        None,
    )
