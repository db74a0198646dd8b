"""Neutron, as far as clusters need it."""

import ipaddress
from typing import Any

from tests.fakes.project.collection import Collection, Thing
from tests.fakes.project.http import Answer, RefusalError, Request, missing

PROJECT = "0123456789abcdef0123456789abcdef"
_OWNED = {"tenant_id": PROJECT, "project_id": PROJECT, "description": "", "tags": [], "revision_number": 1}
_NETWORK = {
    "status": "ACTIVE",
    "admin_state_up": True,
    "shared": False,
    "router:external": False,
    "mtu": 1500,
    "availability_zone_hints": [],
    "port_security_enabled": True,
}
_SUBNET = {
    "ip_version": 4,
    "enable_dhcp": True,
    "allocation_pools": [],
    "dns_nameservers": [],
    "host_routes": [],
    "service_types": [],
}


class NetworkService:
    """Networks, subnets, routers, ports, security groups and floating IPs."""

    def __init__(self) -> None:
        self.networks = Collection("network", "networks", self._network, self._unused)
        self.subnets = Collection("subnet", "subnets", self._subnet)
        self.routers = Collection("router", "routers", self._router)
        self.ports = Collection("port", "ports", self._port, self._forget)
        self.security_groups = Collection("security_group", "security_groups", self._security_group)
        self.rules = Collection("security_group_rule", "security_group_rules", lambda given: {**_OWNED, **given})
        self.floating_ips = Collection("floatingip", "floatingips", self._floating_ip)
        self.quotas: dict[str, int] = {}
        self._pools: dict[str, Any] = {}
        self._taken: dict[tuple[str, str], str] = {}
        self._collections = {
            each.many.replace("_", "-"): each
            for each in (
                self.networks,
                self.subnets,
                self.routers,
                self.ports,
                self.security_groups,
                self.rules,
                self.floating_ips,
            )
        }

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        match request.parts:
            case ("v2.0", "extensions"):
                return Answer(200, {"extensions": []})
            case ("v2.0", "quotas", _, "details"):
                return Answer(200, {"quota": self._quota_details()})
            case ("v2.0", "routers", id_, ("add_router_interface" | "remove_router_interface") as verb):
                return self._interface(id_, verb, request.body["subnet_id"])
            case ("v2.0", _, _, "tags"):
                return Answer(200, {"tags": request.body.get("tags", [])})
            case ("v2.0", kind, *rest) if kind in self._collections and len(rest) < 2:
                return self._collections[kind].answer(request, rest[0] if rest else None)
        raise missing("/".join(request.parts))

    def _floating_ip(self, given: dict[str, Any]) -> dict[str, Any]:
        address = f"203.0.113.{len(self.floating_ips.things) + 1}"
        return {**_OWNED, "port_id": None, "status": "DOWN", "floating_ip_address": address, **given}

    def _quota_details(self) -> dict[str, Any]:
        used = {each.one: len(each.things) for each in self._collections.values()}
        return {one: {"limit": self.quotas.get(one, -1), "used": count, "reserved": 0} for one, count in used.items()}

    def _network(self, given: Thing) -> Thing:
        return {**_OWNED, **_NETWORK, "subnets": [], **given}

    def _subnet(self, given: Thing) -> Thing:
        subnet = {**_OWNED, **_SUBNET, **given}
        hosts = ipaddress.ip_network(subnet["cidr"]).hosts()
        first = str(next(hosts))
        subnet["gateway_ip"] = subnet.get("gateway_ip") or first
        self._pools[subnet["id"]] = hosts
        self.networks.get(subnet["network_id"])["subnets"].append(subnet["id"])
        return subnet

    def _unused(self, network: Thing) -> None:
        if any(port["network_id"] == network["id"] for port in self.ports.things.values()):
            raise RefusalError(409, f"network {network['id']} has ports")

    def _port(self, given: Thing) -> Thing:
        number = len(self._taken) + 1
        defaults = {
            "status": "DOWN",
            "admin_state_up": True,
            "mac_address": f"fa:16:3e:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            "device_id": "",
            "device_owner": "",
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "binding:vnic_type": "normal",
            "port_security_enabled": True,
            "security_groups": [],
            "dns_name": "",
        }
        port = {**_OWNED, **defaults, **given}
        port["fixed_ips"] = [self._address(port["id"], wanted) for wanted in port.get("fixed_ips", [])]
        return port

    def _address(self, port_id: str, wanted: dict[str, str]) -> dict[str, str]:
        subnet_id = wanted["subnet_id"]
        address = wanted.get("ip_address")
        if address and (subnet_id, address) in self._taken:
            raise RefusalError(409, f"IP address {address} already allocated in subnet {subnet_id}")
        while not address:
            free = str(next(self._pools[subnet_id]))
            if (subnet_id, free) not in self._taken and free != self.subnets.things[subnet_id]["gateway_ip"]:
                address = free
        self._taken[subnet_id, address] = port_id
        return {"subnet_id": subnet_id, "ip_address": address}

    def _forget(self, port: Thing) -> None:
        for fixed in port["fixed_ips"]:
            self._taken.pop((fixed["subnet_id"], fixed["ip_address"]), None)

    def _security_group(self, given: Thing) -> Thing:
        return {**_OWNED, "stateful": True, "security_group_rules": [], **given}

    def _router(self, given: Thing) -> Thing:
        defaults = {"status": "ACTIVE", "admin_state_up": True, "external_gateway_info": None, "routes": []}
        return {**_OWNED, **defaults, "distributed": False, "availability_zone_hints": [], **given}

    def _interface(self, router_id: str, verb: str, subnet_id: str) -> Answer:
        self.routers.get(router_id)
        subnet = self.subnets.get(subnet_id)
        mine = [port for port in self.ports.things.values() if port["device_id"] == router_id]
        if verb == "remove_router_interface":
            for port in mine:
                self.ports.delete(port["id"])
            return Answer(200, {"id": router_id, "subnet_id": subnet_id})
        port = self.ports.add(
            name="",
            network_id=subnet["network_id"],
            device_id=router_id,
            device_owner="network:router_interface",
            status="ACTIVE",
            fixed_ips=[],
        )
        port["fixed_ips"] = [{"subnet_id": subnet_id, "ip_address": subnet["gateway_ip"]}]
        return Answer(200, {"id": router_id, "subnet_id": subnet_id, "port_id": port["id"]})
