"""tempest.conf for the local cloud, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.control.configuration import Sections
from localcloud.endpoints import KEYSTONE, REGION


@dataclass(frozen=True)
class CloudIds:
    """IDs of the cloud's resources for tests.

    Attributes:
        image: of the base image.
        other_image: of an image to rebuild servers with.
        flavor: of the smallest flavor.
        other_flavor: of another flavor, to resize to.
        external_network: of the network for routers' gateways.
        network: the name (not the ID) of a shared network, used to log in to servers.
        extensions: aliases of Neutron's extensions.
        patience: how many times longer than a container a server may take for everything.
    """

    image: str
    other_image: str
    flavor: str
    other_flavor: str
    external_network: str
    network: str
    extensions: tuple[str, ...]
    patience: int = 1


def configuration(passwords: Mapping[str, str], facts: CloudIds, folder: Path) -> Sections:
    """The sections of tempest.conf.

    Args:
        passwords: of the cloud's users.
        facts: the resources for tests.
        folder: folder for tempest's own files.
    """
    return {
        "DEFAULT": {"log_file": str(folder / "tempest.log"), "debug": "false"},
        "oslo_concurrency": {"lock_path": str(folder / "lock")},
        "auth": {
            "use_dynamic_credentials": "true",
            "admin_username": "admin",
            "admin_project_name": "admin",
            "admin_domain_name": "Default",
            "admin_password": passwords["admin"],
            "tempest_roles": "member",
            # One network for all projects has a known name, which the login needs.
            "create_isolated_networks": "false",
        },
        "identity": {"uri_v3": KEYSTONE.url, "region": REGION, "auth_version": "v3"},
        "identity-feature-enabled": {
            "application_credentials": "true",
            "access_rules": "true",
            # Nothing in this cloud expires or locks passwords.
            "security_compliance": "false",
        },
        "service_available": {"swift": "false", "horizon": "false"},
        "compute": {
            "image_ref": facts.image,
            "image_ref_alt": facts.other_image,
            "flavor_ref": facts.flavor,
            "flavor_ref_alt": facts.other_flavor,
            "fixed_network_name": facts.network,
            "build_timeout": str(120 * facts.patience),
            "build_interval": "1",
            "ready_wait": "0",
            "max_microversion": "latest",
        },
        "compute-feature-enabled": {
            # One host: no migration. No hypervisor: no consoles, no rescue, no suspend.
            "live_migration": "false",
            "cold_migration": "false",
            "resize": "true",
            "pause": "false",
            "suspend": "false",
            "rescue": "false",
            "shelve": "false",
            "vnc_console": "false",
            "spice_console": "false",
            "serial_console": "false",
            "interface_attach": "true",
            "config_drive": "false",
            "volume_multiattach": "false",
            "swap_volume": "false",
        },
        "image": {"disk_formats": "raw,qcow2", "container_formats": "bare"},
        "image-feature-enabled": {"import_image": "false", "api_v1": "false"},
        "network": {
            "public_network_id": facts.external_network,
            "project_network_cidr": "10.100.0.0/16",
            "project_network_mask_bits": "28",
            # Waiting is useless: everything becomes ACTIVE at once here.
            "build_timeout": "10",
        },
        "network-feature-enabled": {
            "ipv6": "true",
            "floating_ips": "true",
            "api_extensions": ",".join(facts.extensions),
        },
        "validation": {
            "run_validation": "true",
            "connect_method": "fixed",
            "network_for_ssh": facts.network,
            "image_ssh_user": "debian",
            "auth_method": "keypair",
            "ping_timeout": str(60 * facts.patience),
            "ssh_timeout": str(120 * facts.patience),
        },
        "volume": {
            "build_timeout": str(60 * facts.patience),
            "build_interval": "1",
            "storage_protocol": "file",
            "vendor_name": "localcloud",
        },
        "volume-feature-enabled": {
            "backup": "false",
            "multi_backend": "false",
            "manage_volume": "false",
            "manage_snapshot": "false",
            "extend_attached_volume": "true",
        },
    }
