"""Gathers the facts of a project: queries a dozen lists in parallel, so it takes as long as the slowest of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud.connection import CloudError, asking
from slurm_appliance.cloud.facts import CloudFacts, Quota, ServerFacts
from slurm_appliance.cloud.project_lists import ProjectLists

if TYPE_CHECKING:
    from openstack.connection import Connection


def gather(
    connection: "Connection", networks: Iterable[str], *, bare_metal: bool = False, shares: Iterable[str] = ()
) -> CloudFacts:
    """The facts of the connection's project.

    Args:
        connection: see connection.py.
        networks: names of the networks whose ports are needed.
        bare_metal: also query Ironic's nodes.
        shares: names of the shares that are needed; with none, Manila is not asked.

    Raises:
        CloudError: a mandatory service cannot be queried.
    """
    from keystoneauth1.exceptions import ClientException, EndpointNotFound
    from openstack.exceptions import SDKException, ServiceDisabledException

    _for_a_project(connection)
    absent: set[str] = set()

    def optional(service: str, question: Callable[[], Any], nothing: Any) -> Any:
        try:
            return question()
        except (ClientException, SDKException) as error:
            # Not in the catalog, or not allowed: later checks report what needs it.
            missing = isinstance(error, EndpointNotFound | ServiceDisabledException)
            if missing or getattr(error, "http_status", 0) in (401, 403, 404):
                absent.add(service)
                return nothing
            raise

    lists = ProjectLists(connection)
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
    wanted_shares = frozenset(shares)
    if wanted_shares:
        questions["shares"] = lambda: optional("shared file system", lambda: lists.shares(wanted_shares), ())
        questions["share_types"] = lambda: optional("share types", lists.share_types, ())
        questions["share_networks"] = lambda: optional("share networks", lists.share_networks, ())
        questions["share_quotas"] = lambda: optional("share quotas", lists.share_quotas, {})
    else:
        absent.add("shared file system")
    with ThreadPoolExecutor(len(questions)) as pool:
        asked = {name: pool.submit(question) for name, question in questions.items()}
        answers = {name: asking(future.result, name) for name, future in asked.items()}
    wanted = set(networks)
    ids = [network.id for network in answers["networks"] if network.name in wanted]
    ports = asking(lambda: lists.ports(ids), "ports")
    quotas: dict[str, Quota] = {}
    for service in ("compute", "volume", "network", "share"):
        quotas |= answers.pop(f"{service}_quotas", {})
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
