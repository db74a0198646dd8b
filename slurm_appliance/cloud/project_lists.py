"""Lists of a project's resources, each turned from a service's answer into facts."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud.facts import (
    CloudAccess,
    Flavor,
    FloatingIp,
    ImageFacts,
    Named,
    NetworkFacts,
    Port,
    Quota,
    Rule,
    ServerFacts,
    ShareFacts,
    ShareRule,
    ShareType,
    SubnetFacts,
    Volume,
)
from slurm_appliance.cloud.image_names import CLAIM_TAG, IMAGE_TAG, PROPERTY
from slurm_appliance.cloud.listing import document, entries, entries_by_offset
from slurm_appliance.cloud.metadata import ENVIRONMENT, REFERENCE_ENVIRONMENT, USER_DATA_VERSION

if TYPE_CHECKING:
    from openstack.connection import Connection

_GIB = 1024**3
#: Logins with a token that somebody else got.
TOKENS = frozenset({"token", "v3token"})


def image_facts(body: Mapping[str, Any]) -> ImageFacts:
    """An image, from Glance's answer."""
    tags = body.get("tags") or ()
    return ImageFacts(
        id=body["id"],
        name=body.get("name") or "",
        status=body["status"],
        min_disk=body.get("min_disk") or 0,
        min_ram=body.get("min_ram") or 0,
        size=-(-(body.get("virtual_size") or body.get("size") or 0) // _GIB),
        digest=body.get(f"{PROPERTY}digest") or "",
        accounts=body.get(f"{PROPERTY}accounts") or "",
        created=body.get("created_at") or "",
        ours=IMAGE_TAG in tags,
        claim=CLAIM_TAG in tags,
        groups=tuple((body.get(f"{PROPERTY}groups") or "").split()),
        base=body.get(f"{PROPERTY}base") or "",
        slurm=body.get(f"{PROPERTY}slurm") or "",
        selinux=body.get(f"{PROPERTY}selinux") or "",
        package_family=body.get(f"{PROPERTY}package_family") or "",
        system=body.get(f"{PROPERTY}os")
        or " ".join(str(body[key]) for key in ("os_distro", "os_version") if body.get(key)),
    )


def share_facts(service: Any, body: Mapping[str, Any], *, detailed: bool) -> ShareFacts:
    """A share, from Manila's answer.

    Args:
        service: Manila.
        body: its answer.
        detailed: also ask for the preferred export location, the access rules and the keys of users.
    """
    locations = sorted(service.export_locations(body["id"]), key=lambda each: not each.is_preferred) if detailed else []
    rules = list(service.access_rules(body["id"])) if detailed else []
    return ShareFacts(
        id=body["id"],
        name=body.get("name") or "",
        protocol=(body.get("share_proto") or "").upper(),
        location=locations[0].path if locations else "",
        keys={str(rule.access_to): str(rule.access_key) for rule in rules if rule.access_key},
        size=body.get("size") or 0,
        status=body.get("status") or "",
        description=body.get("description") or "",
        # Newer versions of the API call the type's ID its type.
        share_type=body.get("share_type_name") or body.get("share_type") or "",
        share_network_id=body.get("share_network_id") or "",
        availability_zone=body.get("availability_zone") or "",
        rules=tuple(ShareRule(rule.id, rule.access_type, rule.access_to, rule.access_level) for rule in rules),
        detailed=detailed,
    )


def rule_content(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What a rule allows, in Neutron's terms."""
    keys = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_group_id")
    # Neutron uses either nothing or all addresses for the same.
    prefix = rule.get("remote_ip_prefix")
    return (*(str(rule.get(key) or "") for key in keys), "" if prefix in (None, "0.0.0.0/0", "::/0") else str(prefix))


class ProjectLists:
    """The lists of the connection's project, one method per list."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._project: str = connection.current_project_id or ""

    def access(self) -> CloudAccess:
        """The project, and what its credentials may do."""
        connection = self._connection
        auth: Any = connection.session.auth
        auth_type = str(connection.config.config.get("auth_type") or "password")
        token = auth.get_access(connection.session)
        endpoints = {}
        for name in ("compute", "image", "block-storage"):
            url = connection.endpoint_for(name)
            if url:
                endpoints[name.replace("-", "_")] = url
        # A restricted application credential cannot make others, nor can who acts for somebody else; keystoneauth has
        # no words for it.
        said = token._data["token"]  # noqa: SLF001
        credential = said.get("application_credential") or {}
        delegated = not {"OS-TRUST:trust", "OS-OAUTH1"}.isdisjoint(said)
        interface = connection.config.get_interface()
        verify, _client_certificate = connection.config.get_requests_verify_args()
        return CloudAccess(
            auth_url=connection.config.get_auth_args()["auth_url"],
            region=connection.config.get_region_name() or "",
            interface=str(interface[0] if isinstance(interface, list) else interface or "public"),
            ca_certificates=Path(verify).read_text() if isinstance(verify, str) else "",
            verify=bool(verify),
            endpoints=endpoints,
            may_create_credentials=not credential.get("restricted", False) and not delegated,
            federated="OS-FEDERATION" in said.get("user", {}) and not credential,
            project_id=self._project,
            auth_type=auth_type,
            token_expires=token.expires.strftime("%Y-%m-%dT%H:%M:%SZ") if auth_type in TOKENS else "",
        )

    def flavors(self) -> tuple[Flavor, ...]:
        """Flavors."""
        found = entries(self._connection.compute, "/flavors/detail", "flavors")
        return tuple(Flavor(x["id"], x["name"], x["vcpus"], x["ram"], x["disk"]) for x in found)

    def images(self) -> tuple[ImageFacts, ...]:
        """Images."""
        found = entries(self._connection.image, "/images", "images")
        return tuple(image_facts(x) for x in found)

    def networks(self) -> tuple[NetworkFacts, ...]:
        """The project's networks, shared ones and external ones."""
        return tuple(
            NetworkFacts(
                x["id"],
                x["name"],
                x.get("router:external", False),
                x.get("port_security_enabled", True),
                x.get("description") or "",
            )
            for x in entries(self._connection.network, "/networks", "networks")
            if self._usable(x) or x.get("router:external")
        )

    def subnets(self) -> tuple[SubnetFacts, ...]:
        """Subnets."""
        found = entries(self._connection.network, "/subnets", "subnets")
        return tuple(
            SubnetFacts(x["id"], x["name"], x["network_id"], x["cidr"], x.get("gateway_ip"), x.get("description") or "")
            for x in found
        )

    def ports(self, networks: list[str]) -> tuple[Port, ...]:
        """The ports on some networks."""
        if not networks:
            return ()
        fields = ["id", "name", "network_id", "device_id", "fixed_ips", "description"]
        return tuple(
            Port(
                x["id"],
                x["name"],
                x["network_id"],
                x["device_id"],
                tuple(address["ip_address"] for address in x["fixed_ips"]),
                x.get("description") or "",
            )
            for x in entries(self._connection.network, "/ports", "ports", network_id=networks, fields=fields)
        )

    def routers(self) -> tuple[Named, ...]:
        """The project's routers."""
        return self._own("/routers", "routers")

    def security_groups(self) -> tuple[Named, ...]:
        """The project's security groups."""
        return self._own("/security-groups", "security_groups")

    def security_group_rules(self) -> tuple[Rule, ...]:
        """The rules of the project's security groups."""
        found = entries(
            self._connection.network, "/security-group-rules", "security_group_rules", project_id=self._project
        )
        return tuple(Rule(x["id"], x["security_group_id"], rule_content(x)) for x in found)

    def application_credentials(self) -> tuple[Named, ...]:
        """The user's application credentials."""
        user = self._connection.current_user_id
        path = f"/users/{user}/application_credentials"
        found = document(self._connection.identity, path)["application_credentials"]
        return tuple(Named(x["id"], x["name"], x.get("description") or "") for x in found)

    def floating_ips(self) -> tuple[FloatingIp, ...]:
        """The project's floating IPs."""
        found = entries(self._connection.network, "/floatingips", "floatingips", project_id=self._project)
        return tuple(
            FloatingIp(x["id"], x["floating_ip_address"], x.get("port_id") or "", x.get("description") or "")
            for x in found
        )

    def key_pairs(self) -> dict[str, str]:
        """Public keys of the user's key pairs, by name."""
        # This list is not paged by ID; microversion 2.1 returns all of it at once.
        found = [x["keypair"] for x in document(self._connection.compute, "/os-keypairs")["keypairs"]]
        return {x["name"]: x.get("public_key") or "" for x in found}

    def servers(self) -> tuple[ServerFacts, ...]:
        """Servers."""
        return tuple(
            ServerFacts(
                x["id"],
                x["name"],
                x["status"],
                (x.get("image") or {}).get("id", ""),
                not x.get("image"),
                x.get("metadata", {}).get(ENVIRONMENT, ""),
                x["flavor"].get("id", ""),
                # If the cloud does not report it, assume yes, which is safe.
                bool(x.get("OS-SRV-USG:launched_at", True)),
                x.get("metadata", {}).get(USER_DATA_VERSION, ""),
                x.get("metadata", {}).get(REFERENCE_ENVIRONMENT, ""),
            )
            for x in entries(self._connection.compute, "/servers/detail", "servers")
        )

    def server_groups(self) -> tuple[Named, ...]:
        """Server groups."""
        found = document(self._connection.compute, "/os-server-groups")["server_groups"]
        return tuple(Named(x["id"], x["name"]) for x in found)

    def availability_zones(self) -> tuple[str, ...]:
        """Names of Nova's availability zones."""
        found = document(self._connection.compute, "/os-availability-zone")["availabilityZoneInfo"]
        return tuple(x["zoneName"] for x in found if x["zoneState"]["available"])

    def volumes(self) -> tuple[Volume, ...]:
        """Volumes."""
        return tuple(
            Volume(
                x["id"],
                x.get("name") or "",
                x["size"],
                x["status"],
                tuple(attachment["server_id"] for attachment in x.get("attachments", ())),
                x.get("volume_image_metadata", {}).get("image_id", ""),
                x.get("bootable") == "true",
                x.get("description") or "",
            )
            for x in entries(self._connection.block_storage, "/volumes/detail", "volumes")
        )

    def volume_types(self) -> tuple[str, ...]:
        """Names of the volume types."""
        return tuple(x["name"] for x in entries(self._connection.block_storage, "/types", "volume_types"))

    def bare_metal(self) -> Mapping[str, str]:
        """IDs of Ironic's nodes, by name."""
        found = entries(self._connection.baremetal, "/nodes", "nodes")
        return {x["name"]: x["uuid"] for x in found if x.get("name")}

    def shares(self, names: Collection[str]) -> tuple[ShareFacts, ...]:
        """Shares of Manila; those with these names in every detail."""
        service = self._connection.shared_file_system
        every = entries_by_offset(service, "/shares/detail", "shares")
        return tuple(share_facts(service, body, detailed=body.get("name") in names) for body in every)

    def share_types(self) -> tuple[ShareType, ...]:
        """Share types of Manila."""
        service = self._connection.shared_file_system
        default = service.get("/types/default", raise_exc=False)
        id_ = default.json()["share_type"]["id"] if default.ok else ""
        return tuple(
            ShareType(
                x["id"],
                x["name"],
                x["id"] == id_,
                str((x.get("extra_specs") or {}).get("driver_handles_share_servers")).lower() == "true",
            )
            for x in document(service, "/types")["share_types"]
        )

    def share_networks(self) -> tuple[Named, ...]:
        """Share networks of Manila."""
        found = entries_by_offset(self._connection.shared_file_system, "/share-networks", "share_networks")
        return tuple(Named(x["id"], x.get("name") or "") for x in found)

    def share_quotas(self) -> dict[str, Quota]:
        """Quotas of shares."""
        absolute = document(self._connection.shared_file_system, "/limits")["limits"]["absolute"]
        return {
            "shares": Quota(absolute["maxTotalShares"], absolute["totalSharesUsed"]),
            "share_gigabytes": Quota(absolute["maxTotalShareGigabytes"], absolute["totalShareGigabytesUsed"]),
        }

    def compute_quotas(self) -> dict[str, Quota]:
        """Quotas of servers, cores and memory."""
        absolute = document(self._connection.compute, "/limits")["limits"]["absolute"]
        names = {"instances": "Instances", "cores": "Cores", "ram": "RAM"}
        return {
            name: Quota(absolute[f"maxTotal{word}{'Size' if name == 'ram' else ''}"], absolute[f"total{word}Used"])
            for name, word in names.items()
        }

    def volume_quotas(self) -> dict[str, Quota]:
        """Quotas of volumes."""
        absolute = document(self._connection.block_storage, "/limits")["limits"]["absolute"]
        return {
            "volumes": Quota(absolute["maxTotalVolumes"], absolute["totalVolumesUsed"]),
            "gigabytes": Quota(absolute["maxTotalVolumeGigabytes"], absolute["totalGigabytesUsed"]),
        }

    def network_quotas(self) -> dict[str, Quota]:
        """Quotas of Neutron's resources."""
        quotas = document(self._connection.network, f"/quotas/{self._project}/details")["quota"]
        kinds = ("port", "network", "subnet", "router", "security_group", "security_group_rule")
        return {f"{kind}s": Quota(quotas[kind]["limit"], quotas[kind]["used"]) for kind in kinds if kind in quotas}

    def _own(self, path: str, key: str) -> tuple[Named, ...]:
        # An administrator's token would see all projects.
        found = entries(
            self._connection.network, path, key, project_id=self._project, fields=["id", "name", "description"]
        )
        return tuple(Named(x["id"], x["name"], x.get("description") or "") for x in found)

    def _usable(self, network: Mapping[str, Any]) -> bool:
        return bool(network.get("shared")) or network.get("project_id", self._project) == self._project
