"""The access rules of the control node's application credential: the RebootProgram's calls on the cluster's servers.

Keystone's access rules match a service, a method and a path, but not a request's body. So every server is listed by its
ID, and ``POST .../action`` allows every server action on it (stop, create image...), not only rebuild and reboot.
docs/security.md lists the consequences. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Maximum number of servers per credential. Keystone accepts request bodies of 112 KiB, a server's two rules need about
#: 200 bytes, and every validated token contains the list: 250 servers keep both well below the limits.
MOST_SERVERS = 250


@dataclass(frozen=True)
class AccessRule:
    """One rule, in Keystone's terms."""

    service: str
    method: str
    path: str


@dataclass(frozen=True)
class Endpoints:
    """The path part of each service's endpoint, as seen by its service: rules match the complete path of a request.

    Attributes:
        compute: with its version, ``/v2.1`` or ``/compute/v2.1``.
        image: with its version, ``/v2`` or ``/image/v2``.
        block_storage: with version and project id, ``/v3/<project>``.
        block_storage_service: the service type configured in the cloud's Cinder.
    """

    compute: str = "/v2.1"
    image: str = "/v2"
    block_storage: str = "/v3/*"
    block_storage_service: str = "block-storage"

    @classmethod
    def from_catalog(cls, compute: str, image: str, block_storage: str, **more: str) -> "Endpoints":
        """Create it from the service catalog's URLs; the image service's may lack its version."""
        image_path = _path(image)
        if not image_path.rsplit("/", 1)[-1].startswith("v2"):
            image_path += "/v2"
        return cls(compute=_path(compute), image=image_path, block_storage=_path(block_storage), **more)


def access_rules(
    instance_ids: Sequence[str], endpoints: Endpoints | None = None, *, volume_backed: bool = False
) -> list[AccessRule]:
    """The rules for one credential, in a stable order.

    Args:
        instance_ids: the servers, at most `MOST_SERVERS`.
        endpoints: the paths of the services' endpoints.
        volume_backed: whether some of them boot from a volume, so that Cinder has their image.
    """
    if len(instance_ids) > MOST_SERVERS:
        raise ValueError(f"{len(instance_ids)} servers in one credential, at most {MOST_SERVERS}")
    at = endpoints or Endpoints()
    rules = [AccessRule("image", "GET", f"{at.image}/images/*")]
    if volume_backed:
        rules.append(AccessRule(at.block_storage_service, "GET", f"{at.block_storage}/volumes/*"))
    for server in sorted(set(instance_ids)):
        rules.append(AccessRule("compute", "GET", f"{at.compute}/servers/{server}"))
        rules.append(AccessRule("compute", "POST", f"{at.compute}/servers/{server}/action"))
    return rules


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")
