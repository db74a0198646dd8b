"""The five OpenStack calls of the RebootProgram: its application credential allows no others.

GET a server, GET a volume, GET an image, POST a server's rebuild and reboot. They use keystoneauth, which is part of
openstacksdk, and not openstacksdk's own layers: those request versions and lists that the credential does not allow,
differ between the distributions' releases, and take half a second and 20 MB to import.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from keystoneauth1 import exceptions, loading
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session

from .errors import CloudCallError
from .facts import NodeServer, TargetImage, boot_volume

#: Returns `locked` and the flavor's sizes with the server; available in every Nova since 2017.
_SHOW = "2.47"
#: The first version that rebuilds volume-backed servers.
_REBUILD_VOLUME = "2.93"
#: Timeout of a call in seconds; a retry is cheaper than a long wait.
_TIMEOUT = 60.0
#: Statuses to retry: conflict (busy with a task), rate limits, and server errors.
_PASSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Cloud:
    """The cluster's cloud. Thread-safe.

    Args:
        compute, image, block_storage: adapters of the three services.
    """

    def __init__(self, compute: Adapter, image: Adapter, block_storage: Adapter) -> None:
        self._compute = compute
        self._image = image
        self._volume = block_storage

    @classmethod
    def open(cls, clouds: Path, cloud: str) -> Cloud:
        """The cloud of an entry in a clouds.yaml.

        Args:
            clouds: the file; uses ``auth_type``, ``auth``, ``region_name``, ``interface``, ``verify`` and ``cacert`` of
                an entry.
            cloud: the entry.

        Raises:
            CloudCallError: the entry is missing or incomplete. Does not contact the cloud.
        """
        try:
            entry = yaml.safe_load(clouds.read_text(encoding="utf-8"))["clouds"][cloud]
            loader: Any = loading.get_plugin_loader(entry["auth_type"])
            plugin = loader.load_from_options(**entry["auth"])
        except (exceptions.ClientException, OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise CloudCallError(f"cloud {cloud!r} of {clouds} cannot be used: {error!r}", passes=False) from error
        session = Session(auth=plugin, verify=entry.get("cacert") or entry.get("verify", True))

        def adapter(service: str) -> Adapter:
            interface = entry.get("interface", "public")
            return Adapter(session, service_type=service, interface=interface, region_name=entry.get("region_name"))

        return cls(adapter("compute"), adapter("image"), adapter("block-storage"))

    def server(self, server_id: str) -> NodeServer | None:
        """A server with its current image, or None."""
        document, _ = self._call(self._compute, "GET", f"/servers/{server_id}", version=_SHOW)
        if document is None:
            return None
        shown = document["server"]
        flavor = shown.get("flavor") or {}
        image = shown.get("image") or {}
        volume = None if image else self._boot_volume(shown)
        written_from = (volume or {}).get("volume_image_metadata") or {}
        return NodeServer(
            id=shown["id"],
            status=shown["status"],
            task_state=shown.get("OS-EXT-STS:task_state") or "",
            locked=bool(shown.get("locked")),
            image_id=image.get("id") or written_from.get("image_id") or "",
            volume_backed=not image,
            disk=int(volume["size"]) if volume else int(flavor.get("disk") or 0),
            ram=int(flavor.get("ram") or 0),
            fault=(shown.get("fault") or {}).get("message", ""),
        )

    def image(self, image_id: str) -> TargetImage | None:
        """An image, or None if it does not exist or is not visible to the project."""
        document, _ = self._call(self._image, "GET", f"{self._image_prefix()}/images/{image_id}")
        if document is None:
            return None
        return TargetImage(
            document["id"], document["status"], int(document.get("min_disk") or 0), int(document.get("min_ram") or 0)
        )

    def rebuild(self, server: NodeServer, image_id: str) -> str:
        """Request a rebuild; return OpenStack's request ID as soon as Nova has accepted it."""
        version = _REBUILD_VOLUME if server.volume_backed else _SHOW
        return self._action(server.id, {"rebuild": {"imageRef": image_id}}, version)

    def reboot(self, server: NodeServer, *, hard: bool) -> str:
        """Request a reboot; return OpenStack's request ID as soon as Nova has accepted it."""
        return self._action(server.id, {"reboot": {"type": "HARD" if hard else "SOFT"}}, _SHOW)

    def _action(self, server_id: str, body: dict[str, Any], version: str) -> str:
        document, request_id = self._call(
            self._compute, "POST", f"/servers/{server_id}/action", version=version, body=body
        )
        if document is None:
            raise CloudCallError(f"server {server_id} does not exist ({request_id})", passes=False)
        return request_id

    def _boot_volume(self, server: dict[str, Any]) -> dict[str, Any] | None:
        volumes = []
        for attached in server.get("os-extended-volumes:volumes_attached") or ():
            document, _ = self._call(self._volume, "GET", f"/volumes/{attached['id']}")
            if document is not None:
                volumes.append(document["volume"])
        return boot_volume(volumes, server["id"])

    def _image_prefix(self) -> str:
        """Glance's URL in the catalog includes its version in some clouds."""
        try:
            endpoint = self._image.get_endpoint() or ""
        except exceptions.ClientException:
            return "/v2"  # The call itself will report the same error.
        return "" if re.search(r"/v2(\.\d+)?/?$", endpoint) else "/v2"

    @staticmethod
    def _call(
        adapter: Adapter, method: str, path: str, *, version: str | None = None, body: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any] | None, str]:
        """One call: its document (None for 404) and its request id."""
        try:
            response = adapter.request(
                path,
                method,
                json=body,
                microversion=version,
                raise_exc=False,
                timeout=_TIMEOUT,
                headers={"Accept": "application/json"},
            )
        except exceptions.Unauthorized as error:
            raise CloudCallError(f"the credential was refused: {error}", passes=False, unauthorized=True) from error
        except exceptions.HttpError as error:  # From Keystone, while requesting a token.
            passes = (error.http_status or 0) in _PASSES
            raise CloudCallError(f"no token: {error}", passes=passes) from error
        except exceptions.ConnectionError as error:
            raise CloudCallError(f"{method} {path}: {error}", passes=True) from error
        except exceptions.ClientException as error:
            raise CloudCallError(f"{method} {path}: {error}", passes=False) from error
        request_id = response.headers.get("x-openstack-request-id", "no request id")
        if response.status_code == 404:
            return None, request_id
        if response.status_code < 400:
            return (response.json() if response.content else {}), request_id
        raise CloudCallError(
            f"{method} {path} got {response.status_code} ({request_id}): {_message(response)}",
            passes=response.status_code in _PASSES,
            unauthorized=response.status_code == 401,
            retry_after=_seconds(response.headers.get("Retry-After", "")),
        )


def _message(response: Any) -> str:
    """The service's error message; each service wraps it differently."""
    try:
        document = response.json()
    except ValueError:
        return str(response.text)[:200].strip() or "no explanation"
    if isinstance(document, dict):
        for value in (document, *document.values()):
            if isinstance(value, dict) and isinstance(value.get("message"), str):
                return str(value["message"])
    return str(document)[:200]


def _seconds(retry_after: str) -> float | None:
    """The header's seconds; OpenStack does not use its other form, a date."""
    return float(retry_after) if retry_after.isdigit() else None
