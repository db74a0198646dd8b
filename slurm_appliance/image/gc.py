"""Which of our images can be removed: those without references from servers, volumes, stacks or other images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.image.api import Api, pages
from slurm_appliance.image.images import GlanceImage, listed


@dataclass(frozen=True)
class Reference:
    """A reference to an image.

    Attributes:
        who: description for the operator: ``server demo-login-0``.
        image: the referenced ID or name; a name means the newest image.
    """

    who: str
    image: str


@dataclass(frozen=True)
class ImageVerdict:
    """The verdict on one image.

    Attributes:
        image: the image.
        users: its references; it can be removed if there are none.
    """

    image: GlanceImage
    users: tuple[str, ...]


def judge(images: Sequence[GlanceImage], references: Iterable[Reference]) -> list[ImageVerdict]:
    """List the references of each image, oldest first. Pure.

    The base of a referenced image is also needed: the same build starts from it again.
    """
    users: dict[str, list[str]] = {image.id: [] for image in images}
    newest = {image.name: image for image in sorted(images, key=lambda image: (image.created, image.id))}
    by_reference = {**{name: image.id for name, image in newest.items()}, **{image.id: image.id for image in images}}
    for reference in references:
        if reference.image in by_reference:
            users[by_reference[reference.image]].append(reference.who)
    changed = True
    while changed:
        changed = False
        for image in images:
            base = image.ours_property("base_id")
            who = f"image {image.name}, which is based on it"
            if users[image.id] and base in users and who not in users[base]:
                users[base].append(who)
                changed = True
    ordered = sorted(images, key=lambda image: (image.created, image.id))
    return [ImageVerdict(image, tuple(users[image.id])) for image in ordered]


def ours(api: Api) -> list[GlanceImage]:
    """Our finished images in the project."""
    return [image for image in listed(api, {"tag": IMAGE_TAG, "owner": api.project}) if image.ours]


def cloud_references(api: Api) -> list[Reference]:
    """The images referenced by the project's servers and volumes."""
    servers = pages(api, "compute", "/servers/detail", "servers")
    # A server that boots from a volume has no image here; its volume has one.
    found = [Reference(f"server {each['name']}", each["image"]["id"]) for each in servers if each.get("image")]
    for volume in pages(api, "block_storage", "/volumes/detail", "volumes"):
        image = (volume.get("volume_image_metadata") or {}).get("image_id")
        if image:
            found.append(Reference(f"volume {volume['name'] or volume['id']}", image))
    return found


def state_references(states: Mapping[str, str], images: Sequence[GlanceImage]) -> list[Reference]:
    """The images referenced by stacks.

    Args:
        states: the exported state of each stack, as text: an ID anywhere in it is a reference.
        images: the possible images.
    """
    return [
        Reference(f"the state of stack {stack}", image.id)
        for stack, text in states.items()
        for image in images
        if image.id in text
    ]


def young_references(images: Sequence[GlanceImage], since: datetime) -> list[Reference]:
    """A reference to each image that is newer than a time: somebody may want to go back to it."""
    return [
        Reference(f"its age: it is of {image.created:%Y-%m-%d}", image.id) for image in images if image.created > since
    ]


def config_references(configs: Mapping[str, str], images: Sequence[GlanceImage]) -> list[Reference]:
    """The images referenced by ID or name in stack files.

    Args:
        configs: the text of each stack file, by name.
        images: the possible images.
    """
    return [
        Reference(f"the configuration {name}", image.id)
        for name, text in configs.items()
        for image in images
        if image.id in text or image.name in text
    ]
