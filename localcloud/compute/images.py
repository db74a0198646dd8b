"""Images between Glance and this host."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nova.compute import task_states
from nova.image import glance

from localcloud.compute import root_filesystem
from localcloud.compute.image_cache import ImageCache
from localcloud.compute.node import HostedServer
from localcloud.host import archive


def unpack(context: Any, image_id: str, cache: ImageCache) -> None:
    """Unpack an image on this host, downloading it if needed."""
    cache.get(image_id, lambda blob: glance.API().download(context, image_id, dest_path=str(blob)))


def snapshot(context: Any, node: HostedServer, image_id: str, cache: ImageCache, update: Callable[..., None]) -> None:
    """Create an image of a server's root, running or not: a tar compressed with zstd, as `unpack` reads it.

    Args:
        context: the request's.
        node: the server.
        image_id: the image that Nova created in Glance, without data yet.
        cache: the host's images; a stopped server's root must be mounted.
        update: Nova's function that changes the task state.
    """
    update(task_state=task_states.IMAGE_PENDING_UPLOAD)
    mounted = root_filesystem.root_of(node.folder).is_mount()
    blob = node.folder / "snapshot"
    try:
        root = root_filesystem.mount(node.facts, node.folder, cache)
        archive.pack(root, blob)
        update(task_state=task_states.IMAGE_UPLOADING, expected_state=task_states.IMAGE_PENDING_UPLOAD)
        _upload(context, image_id, blob)
    finally:
        blob.unlink(missing_ok=True)
        if not mounted:
            root_filesystem.unmount(node.folder)


def _upload(context: Any, image_id: str, blob: Path) -> None:
    api = glance.API()
    image = api.get(context, image_id)
    metadata = {
        "name": image["name"],
        "disk_format": "raw",
        "container_format": "bare",
        "properties": {},
    }
    with blob.open("rb") as stream:
        api.update(context, image_id, metadata, stream, purge_props=False)
