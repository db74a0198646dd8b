"""The fake project as a whole: Keystone's catalog, Glance's images, and what a small cloud offers."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.project.collection import Collection, Thing
from tests.fakes.project.compute import ComputeService
from tests.fakes.project.http import Answer, Api, Request, missing
from tests.fakes.project.network import PROJECT, NetworkService
from tests.fakes.project.share import ShareService
from tests.fakes.project.volume import VolumeService

_SERVICES = {
    "identity": "identity/v3",
    "network": "network",
    "compute": "compute/v2.1",
    "image": "image",
    "block-storage": f"volume/v3/{PROJECT}",
    "shared-file-system": "share/v2",
}


class FakeProject:
    """A project of a cloud, empty but for flavors, a volume type and an external network.

    Attributes:
        network, compute, volume, share: the services, with everything that is in them.
        images: Glance's.
        catalog: paths of the services that users find.
        credentials: application credentials that were made.
        api: HTTP; its delay and calls.
    """

    def __init__(self) -> None:
        self.catalog = dict(_SERVICES)
        self.network = NetworkService()
        self.volume = VolumeService()
        self.share = ShareService()
        self.compute = ComputeService(self.network, self.volume)
        self.images = Collection("image", "images")
        self.credentials = Collection("application_credential", "application_credentials", self._credential)
        self.api = Api(
            {
                "identity": self._identity,
                "network": self._network,
                "compute": self.compute,
                "image": self._image,
                "volume": self.volume,
                "share": self.share,
            }
        )
        for name, vcpus in (("small", 1), ("large", 8)):
            self.compute.flavors.add(name=name, vcpus=vcpus, ram=2048 * vcpus, disk=20)
        self.volume.types.add(name="default")
        self.share.types.add(name="default")
        self.network.networks.add(name="external", **{"router:external": True})

    def add_network(self, name: str, cidr: str = "10.0.0.0/16") -> Thing:
        """An existing network with one subnet of the same name."""
        network = self.network.networks.add(name=name)
        self.network.subnets.add(name=name, network_id=network["id"], cidr=cidr)
        return network

    def add_image(self, name: str, **more: Any) -> str:
        """An active image; returns its id."""
        defaults = {
            "status": "active",
            "min_disk": 0,
            "min_ram": 0,
            "size": 1,
            "visibility": "private",
            "created_at": "2026-01-01T00:00:00Z",
            "slurm_appliance_digest": "d1",
        }
        return str(self.images.add(name=name, **{**defaults, **more})["id"])

    def add_key_pair(self, name: str) -> None:
        """An existing key pair."""
        self.compute.key_pairs[name] = {"name": name, "public_key": "", "fingerprint": "00", "user_id": "user"}

    @contextmanager
    def serving(self) -> Iterator["FakeProject"]:
        """Answer until the block ends."""
        with self.api.serving():
            yield self

    def environment(self) -> dict[str, str]:
        """The OS_* variables of a user of the project."""
        return {
            "OS_AUTH_URL": f"{self.api.url}/identity/v3",
            "OS_USERNAME": "user",
            "OS_PASSWORD": "password",
            "OS_PROJECT_NAME": "project",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "R",
            "OS_CLOUD": "",
            "OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml",
        }

    def _identity(self, request: Request) -> Answer:
        match request.parts:
            case ("v3",):
                link = {"rel": "self", "href": f"{self.api.url}/identity/v3/"}
                return Answer(200, {"version": {"id": "v3.14", "status": "stable", "links": [link]}})
            case ("v3", "auth", "tokens"):
                return Answer(201, {"token": self._token()}, {"X-Subject-Token": "token"})
            case ("v3", "users", _, "application_credentials", *rest):
                return self._credentials(request, rest[0] if rest else None)
        raise missing("/".join(request.parts))

    def _token(self) -> dict[str, Any]:
        domain = {"id": "default", "name": "Default"}
        return {
            "methods": ["password"],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "user": {"id": "user", "name": "user", "domain": domain},
            "project": {"id": PROJECT, "name": "project", "domain": domain},
            "roles": [{"id": "member", "name": "member"}],
            "catalog": [
                {
                    "id": kind,
                    "type": kind,
                    "name": kind,
                    "endpoints": [
                        {
                            "id": f"{kind}-{interface}",
                            "interface": interface,
                            "region": "R",
                            "region_id": "R",
                            "url": f"{self.api.url}/{path}",
                        }
                        for interface in ("public", "internal", "admin")
                    ],
                }
                for kind, path in self.catalog.items()
            ],
        }

    def _network(self, request: Request) -> Answer:
        if request.parts:
            return self.network(request)
        link = {"rel": "self", "href": f"{self.api.url}/network/v2.0"}
        return Answer(200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})

    def _image(self, request: Request) -> Answer:
        match request.parts:
            case ():
                version = {
                    "id": "v2.16",
                    "status": "CURRENT",
                    "links": [{"rel": "self", "href": f"{self.api.url}/image/v2/"}],
                }
                return Answer(200, {"versions": [version]})
            case ("v2", "images"):
                tags = set(request.query.get("tag", ()))
                found = self.images.listed(request)["images"]
                return Answer(200, {"images": [image for image in found if tags <= set(image.get("tags", ()))]})
            case ("v2", "images", id_) if request.method == "DELETE":
                self.images.delete(id_)
                return Answer(204)
            case ("v2", "images", id_):
                return Answer(200, self.images.get(id_))
        raise missing("/".join(request.parts))

    def _credential(self, given: Thing) -> Thing:
        more = {"project_id": PROJECT, "roles": [], "unrestricted": False, "expires_at": None}
        return {**more, "secret": secrets.token_urlsafe(64), **given}

    def _credentials(self, request: Request, id_: str | None) -> Answer:
        """Keystone keeps a digest of a secret only, and tells it once, to whoever makes it."""
        answer = self.credentials.answer(request, id_)
        if request.method == "GET" and id_ is not None:
            shown = answer.document["application_credential"]
            return Answer(200, {"application_credential": {key: shown[key] for key in shown if key != "secret"}})
        return answer
