"""Gathers the facts of a project: queries a dozen lists in parallel, so it takes as long as the slowest of them."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud.connection import CloudError, asking
from slurm_appliance.cloud.facts import (
    CloudAccess,
    CloudFacts,
    Flavor,
    FloatingIp,
    ImageFacts,
    Named,
    NetworkFacts,
    Port,
    Quota,
    Rule,
    ServerFacts,
    SubnetFacts,
    Volume,
)
from slurm_appliance.cloud.image_names import CLAIM_TAG, IMAGE_TAG, PROPERTY
from slurm_appliance.cloud.listing import document, entries
from slurm_appliance.cloud.metadata import ENVIRONMENT, USER_DATA_VERSION

if TYPE_CHECKING:
    from openstack.connection import Connection

_GIB = 1024**3
#: Logins with a token that somebody else got.
TOKENS = frozenset({"token", "v3token"})


def gather(connection: "Connection", networks: Iterable[str], *, bare_metal: bool = False) -> CloudFacts:
    """The facts of the connection's project.

    Args:
        connection: see connection.py.
        networks: names of the networks whose ports are needed.
        bare_metal: also query Ironic's nodes.

    Raises:
        CloudError: a mandatory service cannot be queried.
    """
    from keystoneauth1.exceptions import ClientException, EndpointNotFound
    from openstack.exceptions import SDKException

    _for_a_project(connection)
    absent: set[str] = set()

    def optional(service: str, question: Callable[[], Any], nothing: Any) -> Any:
        try:
            return question()
        except (ClientException, SDKException) as error:
            # Not in the catalog, or not allowed: later checks report what needs it.
            if isinstance(error, EndpointNotFound) or getattr(error, "http_status", 0) in (401, 403, 404):
                absent.add(service)
                return nothing
            raise

    lists = _Lists(connection)
    questions: dict[str, Callable[[], Any]] = {
        "access": lists.access,
        "flavors": lists.flavors,
        "images": lists.images,
        "networks": lists.networks,
        "subnets": lists.subnets,
        "routers": lambda: optional("router", lists.routers, ()),
        "security_groups": lists.security_groups,
        "security_group_rules": lists.security_group_rules,
        "application_credentials": lambda: optional("application credentials", lists.application_credentials, ()),
        "key_pairs": lists.key_pairs,
        "servers": lists.servers,
        "server_groups": lists.server_groups,
        "availability_zones": lists.availability_zones,
        "volumes": lambda: optional("volume", lists.volumes, ()),
        "volume_types": lambda: optional("volume", lists.volume_types, ()),
        "floating_ips": lambda: optional("router", lists.floating_ips, ()),
        "compute_quotas": lists.compute_quotas,
        "volume_quotas": lambda: optional("volume", lists.volume_quotas, {}),
        "network_quotas": lambda: optional("network quotas", lists.network_quotas, {}),
    }
    if bare_metal:
        questions["bare_metal"] = lambda: optional("bare metal", lists.bare_metal, {})
    with ThreadPoolExecutor(len(questions)) as pool:
        asked = {name: pool.submit(question) for name, question in questions.items()}
        answers = {name: asking(future.result, name) for name, future in asked.items()}
    wanted = set(networks)
    ids = [network.id for network in answers["networks"] if network.name in wanted]
    ports = asking(lambda: lists.ports(ids), "ports")
    quotas = answers.pop("compute_quotas") | answers.pop("volume_quotas") | answers.pop("network_quotas")
    return CloudFacts(**_with_images(answers), ports=ports, quotas=quotas, absent=frozenset(absent))


def _for_a_project(connection: "Connection") -> None:
    auth: Any = connection.session.auth
    if not hasattr(auth, "get_access"):
        raise CloudError(
            f"a login of type {connection.config.config.get('auth_type')} says neither user nor project",
            remedy="use a password or an application credential",
        )
    if not asking(lambda: connection.current_project_id, "the login"):
        raise CloudError(
            "the login is for no project",
            remedy="name one: project_name and project_domain_name (OS_PROJECT_NAME, OS_PROJECT_DOMAIN_NAME)",
        )


def _with_images(answers: dict[str, Any]) -> dict[str, Any]:
    """Add the image of servers that boot from a volume: Nova does not report it; the volume does."""
    boot_images = {
        server_id: volume.image_id
        for volume in answers["volumes"]
        if volume.bootable and volume.image_id
        for server_id in volume.server_ids
    }
    servers = tuple(
        ServerFacts(**vars(server) | {"image_id": boot_images.get(server.id, "")}) if server.volume_backed else server
        for server in answers["servers"]
    )
    return answers | {"servers": servers}


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
    )


def rule_content(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What a rule allows, in Neutron's terms."""
    keys = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_group_id")
    # Neutron uses either nothing or all addresses for the same.
    prefix = rule.get("remote_ip_prefix")
    return (*(str(rule.get(key) or "") for key in keys), "" if prefix in (None, "0.0.0.0/0", "::/0") else str(prefix))


class _Lists:
    """One method per list."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._project: str = connection.current_project_id or ""

    def access(self) -> CloudAccess:
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
        found = entries(self._connection.compute, "/flavors/detail", "flavors")
        return tuple(Flavor(x["id"], x["name"], x["vcpus"], x["ram"], x["disk"]) for x in found)

    def images(self) -> tuple[ImageFacts, ...]:
        found = entries(self._connection.image, "/images", "images")
        return tuple(image_facts(x) for x in found)

    def networks(self) -> tuple[NetworkFacts, ...]:
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
        return self._own("/routers", "routers")

    def security_groups(self) -> tuple[Named, ...]:
        return self._own("/security-groups", "security_groups")

    def security_group_rules(self) -> tuple[Rule, ...]:
        found = entries(
            self._connection.network, "/security-group-rules", "security_group_rules", project_id=self._project
        )
        return tuple(Rule(x["id"], x["security_group_id"], rule_content(x)) for x in found)

    def application_credentials(self) -> tuple[Named, ...]:
        user = self._connection.current_user_id
        path = f"/users/{user}/application_credentials"
        found = document(self._connection.identity, path)["application_credentials"]
        return tuple(Named(x["id"], x["name"], x.get("description") or "") for x in found)

    def floating_ips(self) -> tuple[FloatingIp, ...]:
        found = entries(self._connection.network, "/floatingips", "floatingips", project_id=self._project)
        return tuple(FloatingIp(x["id"], x["floating_ip_address"], x.get("port_id") or "") for x in found)

    def key_pairs(self) -> dict[str, str]:
        # This list is not paged by ID; microversion 2.1 returns all of it at once.
        found = [x["keypair"] for x in document(self._connection.compute, "/os-keypairs")["keypairs"]]
        return {x["name"]: x.get("public_key") or "" for x in found}

    def servers(self) -> tuple[ServerFacts, ...]:
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
            )
            for x in entries(self._connection.compute, "/servers/detail", "servers")
        )

    def server_groups(self) -> tuple[Named, ...]:
        found = document(self._connection.compute, "/os-server-groups")["server_groups"]
        return tuple(Named(x["id"], x["name"]) for x in found)

    def availability_zones(self) -> tuple[str, ...]:
        found = document(self._connection.compute, "/os-availability-zone")["availabilityZoneInfo"]
        return tuple(x["zoneName"] for x in found if x["zoneState"]["available"])

    def volumes(self) -> tuple[Volume, ...]:
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
        return tuple(x["name"] for x in entries(self._connection.block_storage, "/types", "volume_types"))

    def bare_metal(self) -> Mapping[str, str]:
        found = entries(self._connection.baremetal, "/nodes", "nodes")
        return {x["name"]: x["uuid"] for x in found if x.get("name")}

    def compute_quotas(self) -> dict[str, Quota]:
        absolute = document(self._connection.compute, "/limits")["limits"]["absolute"]
        names = {"instances": "Instances", "cores": "Cores", "ram": "RAM"}
        return {
            name: Quota(absolute[f"maxTotal{word}{'Size' if name == 'ram' else ''}"], absolute[f"total{word}Used"])
            for name, word in names.items()
        }

    def volume_quotas(self) -> dict[str, Quota]:
        absolute = document(self._connection.block_storage, "/limits")["limits"]["absolute"]
        return {
            "volumes": Quota(absolute["maxTotalVolumes"], absolute["totalVolumesUsed"]),
            "gigabytes": Quota(absolute["maxTotalVolumeGigabytes"], absolute["totalGigabytesUsed"]),
        }

    def network_quotas(self) -> dict[str, Quota]:
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
