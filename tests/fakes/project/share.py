"""Manila, as far as clusters need it: what it answers depends on the version of its API that a request asks for."""

import base64
import secrets
from typing import Any

from tests.fakes.project.collection import Collection, Thing
from tests.fakes.project.http import Answer, RefusalError, Request, missing
from tests.fakes.project.network import PROJECT

_NEWEST = (2, 82)


class ShareService:
    """Shares, their access rules and types, and share networks.

    Attributes:
        default_type: the name of the type of shares that name none; empty for none.
    """

    def __init__(self) -> None:
        self.shares = Collection("share", "shares", self._share, self._forget, created=200)
        self.rules = Collection("access", "access_list", self._rule)
        self.types = Collection("share_type", "share_types", self._type)
        self.networks = Collection("share_network", "share_networks")
        self.default_type = "default"
        self.quotas: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        version = _version(request)
        match request.parts:
            case () | ("v2",):
                return Answer(200, {"versions": [_described(request)]})
            case ("v2", "limits"):
                return Answer(200, {"limits": {"absolute": self._limits(), "rate": []}})
            case ("v2", "types"):
                return self.types.answer(request, None)
            case ("v2", "types", "default"):
                return Answer(200, {"share_type": self._type_named(self.default_type)})
            case ("v2", "share-networks"):
                return Answer(200, _page(self.networks, request))
            case ("v2", "share-access-rules", *rest) if version >= (2, 45):
                return self._access_rules(request, rest)
            case ("v2", "shares", *rest):
                return self._shares(request, rest, version)
        raise missing("/".join(request.parts))

    def _access_rules(self, request: Request, rest: list[str]) -> Answer:
        if rest:
            return Answer(200, {"access": self.rules.get(rest[0])})
        return Answer(200, {"access_list": self._rules_of(request.query["share_id"][0])})

    def _shares(self, request: Request, rest: list[str], version: tuple[int, ...]) -> Answer:
        match request.method, rest:
            case "GET", ["detail"]:
                page = _page(self.shares, request)
                return Answer(200, {"shares": [_shown(share, version) for share in page["shares"]]})
            case "POST", []:
                return Answer(200, {"share": _shown(self.shares.add(**request.body["share"]), version)})
            case "GET", [id_]:
                return Answer(200, {"share": _shown(self.shares.get(id_), version)})
            case "PUT", [id_]:
                share = self.shares.get(id_)
                names = {"display_name": "name", "display_description": "description"}
                share |= {names.get(key, key): value for key, value in request.body["share"].items()}
                return Answer(200, {"share": _shown(share, version)})
            case "DELETE", [id_]:
                self.shares.delete(id_)
                return Answer(202)
            case "GET", [id_, "export_locations"] if version >= (2, 9):
                return Answer(200, {"export_locations": self.shares.get(id_)["locations"]})
            case "POST", [id_, "action"]:
                return self._action(self.shares.get(id_), request.body)
        raise missing("/".join(rest))

    def _share(self, given: Thing) -> Thing:
        given = {key: value for key, value in given.items() if value not in (None, "")}
        type_ = self._type_named(given.pop("share_type", self.default_type))
        if type_["extra_specs"]["driver_handles_share_servers"] == "True" and "share_network_id" not in given:
            raise RefusalError(400, "Share network must be provided with the chosen share type.")
        path = f"/volumes/_nogroup/{given['id']}"
        ceph = given["share_proto"].upper() == "CEPHFS"
        hosts = ["192.0.2.12", "192.0.2.11"]
        locations = [
            {"id": f"{number}", "path": f"{host}:6789:{path}" if ceph else f"{host}:{path}", "preferred": number == 1}
            for number, host in enumerate(hosts)
        ]
        defaults: dict[str, Any] = {
            "status": "available",
            "description": None,
            "metadata": {},
            "availability_zone": "nova",
            "share_network_id": None,
            "snapshot_id": None,
            "is_public": False,
            "has_replicas": False,
            "replication_type": None,
            "project_id": PROJECT,
            "host": "",
            "share_server_id": None,
            "locations": locations,
            "type": type_,
        }
        return defaults | given | {"share_proto": given["share_proto"].upper()}

    def _forget(self, share: Thing) -> None:
        for rule in self._rules_of(share["id"]):
            self.rules.delete(rule["id"])

    def _rule(self, given: Thing) -> Thing:
        for rule in self._rules_of(given["share_id"]):
            if (rule["access_type"], rule["access_to"]) == (given["access_type"], given["access_to"]):
                raise RefusalError(400, f"Share access {given['access_type']}:{given['access_to']} exists.")
        key = base64.b64encode(secrets.token_bytes(28)).decode() if given["access_type"] == "cephx" else None
        return {"state": "active", "access_key": key, **given}

    def _rules_of(self, share_id: str) -> list[Thing]:
        return [rule for rule in self.rules.things.values() if rule["share_id"] == share_id]

    def _type(self, given: Thing) -> Thing:
        return {"extra_specs": {"driver_handles_share_servers": "False"}, **given}

    def _type_named(self, name: str) -> Thing:
        for type_ in self.types.things.values():
            if type_["name"] == name:
                return type_
        raise missing(f"share type {name}")

    def _action(self, share: Thing, body: dict[str, Any]) -> Answer:
        verb, wanted = next(iter(body.items()))
        match verb:
            case "extend" if wanted["new_size"] > share["size"]:
                share["size"] = wanted["new_size"]
                return Answer(202)
            case "allow_access":
                protocol = "cephx" if share["share_proto"] == "CEPHFS" else "ip"
                if wanted["access_type"] != protocol:
                    raise RefusalError(400, "Invalid access type")
                return Answer(200, {"access": self.rules.add(share_id=share["id"], **wanted)})
            case "deny_access":
                self.rules.delete(wanted["access_id"])
                return Answer(202)
            case "access_list":
                return Answer(200, {"access_list": self._rules_of(share["id"])})
        raise RefusalError(400, f"{verb} {wanted} is not possible")

    def _limits(self) -> dict[str, int]:
        shares = list(self.shares.things.values())
        return {
            "maxTotalShares": self.quotas.get("shares", -1),
            "totalSharesUsed": len(shares),
            "maxTotalShareGigabytes": self.quotas.get("gigabytes", -1),
            "totalShareGigabytesUsed": sum(share["size"] for share in shares),
        }


def _version(request: Request) -> tuple[int, ...]:
    return tuple(map(int, request.headers.get("x-openstack-manila-api-version", "2.0").split(".")))


def _described(request: Request) -> dict[str, Any]:
    newest = ".".join(map(str, _NEWEST))
    link = {"rel": "self", "href": f"http://{request.headers['host']}/share/v2/"}
    return {"id": "v2.0", "status": "CURRENT", "version": newest, "min_version": "2.0", "links": [link]}


def _shown(share: Thing, version: tuple[int, ...]) -> Thing:
    """A share as a version of the API shows it: its type first had its name, then its ID."""
    shown = {key: value for key, value in share.items() if key not in ("locations", "type")}
    if version < (2, 6):
        return {**shown, "share_type": share["type"]["name"]}
    return {**shown, "share_type": share["type"]["id"], "share_type_name": share["type"]["name"]}


def _page(collection: Collection, request: Request) -> dict[str, Any]:
    """A page of a list, whose beginning is a number."""
    names = request.query.get("name")
    things = [each for each in collection.things.values() if names is None or each["name"] in names]
    first = int(request.query.get("offset", ["0"])[0])
    size = min(collection.page, int(request.query.get("limit", [collection.page])[0]))
    return {collection.many: things[first : first + size]}
