"""Images in Glance: the base image, our images by name, finished images, and the record in their properties."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.cloud.image_names import CLAIM_TAG, IMAGE_TAG, PROPERTY
from slurm_appliance.cloud.project_lists import image_facts
from slurm_appliance.cloud.text import is_id
from slurm_appliance.image.api import Api, pages
from slurm_appliance.image.errors import CloudApiError
from slurm_appliance.image.lookup import choose, identity_of


@dataclass(frozen=True)
class GlanceImage:
    """An image from Glance.

    Attributes:
        id: its id.
        name: its name.
        status: Glance's status.
        created: its creation time.
        tags: Glance's tags.
        size: bytes; 0 while unknown.
        properties: all other text properties.
    """

    id: str
    name: str
    status: str
    created: datetime
    tags: frozenset[str]
    size: int
    properties: Mapping[str, str]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "GlanceImage":
        """Parse an image from Glance's response."""
        return cls(
            id=body["id"],
            name=body.get("name") or "",
            status=body["status"],
            created=parse_time(body["created_at"]),
            tags=frozenset(body.get("tags") or ()),
            size=body.get("size") or 0,
            properties={key: value for key, value in body.items() if isinstance(value, str)},
        )

    @property
    def ours(self) -> bool:
        """Whether it is a finished image that we built."""
        return IMAGE_TAG in self.tags

    def ours_property(self, key: str) -> str:
        """One of our properties, or an empty string."""
        return self.properties.get(PROPERTY + key, "")

    @property
    def identity(self) -> str:
        """Identifies its content: the name, which has a digest, if we built it; otherwise the ID."""
        return identity_of(self)


def parse_time(text: str) -> datetime:
    """Parse a time in OpenStack's format."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def listed(api: Api, query: Mapping[str, str]) -> list[GlanceImage]:
    """All images that match a Glance query."""
    return [GlanceImage.of(body) for body in pages(api, "image", "/images", "images", query)]


def all_facts(api: Api) -> list[ImageFacts]:
    """All images, as the facts of a cloud have them."""
    return [image_facts(body) for body in pages(api, "image", "/images", "images")]


def get(api: Api, image_id: str) -> GlanceImage | None:
    """The image with an ID, or None."""
    try:
        return GlanceImage.of(api.call("image", "GET", f"/images/{image_id}").body)
    except CloudApiError as error:
        if error.status == 404:
            return None
        raise


def ours_named(api: Api, name: str) -> list[GlanceImage]:
    """Our images with a name, in any state."""
    return [image for image in listed(api, {"name": name, "tag": IMAGE_TAG}) if image.ours]


def find(api: Api, reference: str) -> GlanceImage:
    """The active image with an ID or name; if several of ours have the name, the newest.

    Raises:
        ImageError: it does not exist, is not active, or is not unique.
    """
    if is_id(reference):
        image = get(api, reference)
        found = [image] if image is not None else []
    else:
        found = [image for image in listed(api, {"name": reference}) if CLAIM_TAG not in image.tags]
    return choose(reference, sorted(found, key=lambda image: (image.created, image.id)))


def finish(
    api: Api, image_id: str, *, name: str, visibility: str, properties: Mapping[str, str], drop: tuple[str, ...] = ()
) -> None:
    """Mark an image as finished: name, tag, visibility and properties in one atomic request."""
    known = api.call("image", "GET", f"/images/{image_id}").body
    patch: list[dict[str, Any]] = [
        {"op": "add", "path": f"/{_pointer(key)}", "value": value} for key, value in sorted(properties.items())
    ]
    patch += [{"op": "remove", "path": f"/{_pointer(key)}"} for key in drop if key in known]
    patch.append({"op": "replace", "path": "/name", "value": name})
    if known["visibility"] != visibility:
        patch.append({"op": "replace", "path": "/visibility", "value": visibility})
    patch.append({"op": "replace", "path": "/tags", "value": [IMAGE_TAG]})
    api.call("image", "PATCH", f"/images/{image_id}", json=patch)


def delete(api: Api, image_id: str) -> None:
    """Delete an image; a missing one is not an error."""
    try:
        api.call("image", "DELETE", f"/images/{image_id}")
    except CloudApiError as error:
        if error.status != 404:
            raise


def packed(text: str) -> str:
    """Compress a text for an image property."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: str) -> str:
    """Decompress a text from :func:`packed`.

    Raises:
        ValueError: it is damaged: Nova truncates the properties of its images to 255 characters.
    """
    try:
        return zlib.decompress(base64.b64decode(text, validate=True)).decode()
    except zlib.error as error:
        raise ValueError(str(error)) from error


def _pointer(key: str) -> str:
    """A property's name as a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
