"""The services' configuration files, as data: file, section, option, value."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from localcloud.control.files import write_private
from localcloud.control.nova_servers import CONTAINERS, ServerOptions
from localcloud.endpoints import (
    ADDRESS,
    CINDER,
    ENDPOINTS,
    GLANCE,
    KEYSTONE,
    METADATA_ADDRESS,
    MIRROR_PORT,
    NEUTRON,
    NOVA,
    PLACEMENT,
    REGION,
    SNAPSHOTS_PORT,
    Endpoint,
)
from localcloud.host.layout import CloudLayout

Sections = dict[str, dict[str, str]]

#: The name of the only host in Nova and Cinder. The database refers to it, so it must never change.
HOST = "localcloud"

#: Database of each service. Nova has two more: for its API and for the cell of servers that never got a host.
DATABASES = ("keystone", "glance", "placement", "nova_api", "nova_cell0", "nova", "neutron", "cinder")


def database_url(layout: CloudLayout, name: str) -> str:
    """The SQLAlchemy URL of a database. The server identifies root by its socket: there is no password."""
    socket = quote(str(layout.database_socket))
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}&charset=utf8mb3"


def configuration(
    layout: CloudLayout, passwords: Mapping[str, str], prefix: Path, servers: ServerOptions = CONTAINERS
) -> dict[str, Sections]:
    """Every configuration file of the cloud.

    Args:
        layout: the cloud.
        passwords: of each service's user.
        prefix: the services' virtual environment, which contains their paste pipelines.
        servers: what makes Nova's servers what they are.
    """
    api_ports = sorted([MIRROR_PORT, SNAPSHOTS_PORT, *(endpoint.port for endpoint in ENDPOINTS)])
    host = {
        "state_path": str(layout.service_state("host")),
        "api_address": ADDRESS,
        "api_ports": ",".join(map(str, api_ports)),
        "metadata_address": METADATA_ADDRESS,
        "servers": str(servers.kind),
    }
    nova = merged(_nova(layout, passwords, prefix), servers.nova)
    return {
        "keystone.conf": _keystone(layout),
        "glance-api.conf": _glance(layout, passwords, prefix),
        "placement.conf": _placement(layout, passwords),
        "nova.conf": {**nova, "localcloud": host},
        "neutron.conf": {**_neutron(layout, passwords, prefix), "localcloud": host},
        "cinder.conf": {**_cinder(layout, passwords, prefix), "localcloud": host},
    }


def render(sections: Sections) -> str:
    """A file in oslo.config's format, which reads ``$`` in a value as a reference."""
    lines = []
    for section, options in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value.replace('$', '$$')}" for key, value in options.items()), ""]
    return "\n".join(lines)


def merged(sections: Mapping[str, Mapping[str, str]], more: Mapping[str, Mapping[str, str]]) -> Sections:
    """Sections with more options, which take precedence."""
    return {name: {**sections.get(name, {}), **more.get(name, {})} for name in (*sections, *more)}


def write_configuration(
    layout: CloudLayout, passwords: Mapping[str, str], prefix: Path, servers: ServerOptions = CONTAINERS
) -> None:
    """Write all files, readable only by the owner: they contain passwords."""
    for name, sections in configuration(layout, passwords, prefix, servers).items():
        write_private(layout.etc / name, render(sections))


def write_keys(layout: CloudLayout) -> None:
    """Create Keystone's keys once: 0 is for the next rotation, 1 in use (same for receipts and credentials)."""
    for repository in ("fernet", "receipts", "credential"):
        for name in ("0", "1"):
            key = layout.keys / repository / name
            if not key.exists():
                write_private(key, base64.urlsafe_b64encode(os.urandom(32)).decode())


def database_options(layout: CloudLayout, name: str) -> dict[str, str]:
    """How a service reaches its database."""
    return {"connection": database_url(layout, name), "max_pool_size": "20", "max_overflow": "40"}


def _user(passwords: Mapping[str, str], name: str) -> dict[str, str]:
    return {
        "auth_type": "password",
        "auth_url": KEYSTONE.url,
        "username": name,
        "password": passwords[name],
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": REGION,
    }


def token_check(passwords: Mapping[str, str], endpoint: Endpoint) -> dict[str, str]:
    """How a service checks the tokens of its users."""
    return {
        **_user(passwords, endpoint.name),
        "www_authenticate_uri": KEYSTONE.url,
        # Compared with the access rules of application credentials; this is the type in the catalog.
        "service_type": endpoint.kind,
        "service_token_roles_required": "true",
    }


def _keystone(layout: CloudLayout) -> Sections:
    return {
        "database": database_options(layout, "keystone"),
        "token": {"expiration": "86400"},
        "fernet_tokens": {"key_repository": str(layout.keys / "fernet")},
        "fernet_receipts": {"key_repository": str(layout.keys / "receipts")},
        "credential": {"key_repository": str(layout.keys / "credential")},
        # The minimum number of rounds: passwords here are random, long and in a private file.
        "identity": {"password_hash_rounds": "4"},
        "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},
    }


def _glance(layout: CloudLayout, passwords: Mapping[str, str], prefix: Path) -> Sections:
    data = layout.service_state("glance")
    return {
        "DEFAULT": {
            "enabled_backends": "file:file",
            "enabled_import_methods": "[]",
            "worker_self_reference_url": GLANCE.root,
        },
        "database": database_options(layout, "glance"),
        "glance_store": {"default_backend": "file"},
        "file": {"filesystem_store_datadir": str(data / "images")},
        "os_glance_staging_store": {"filesystem_store_datadir": str(data / "staging")},
        "os_glance_tasks_store": {"filesystem_store_datadir": str(data / "tasks")},
        "paste_deploy": {"flavor": "keystone", "config_file": str(prefix / "etc/glance/glance-api-paste.ini")},
        "keystone_authtoken": token_check(passwords, GLANCE),
    }


def _placement(layout: CloudLayout, passwords: Mapping[str, str]) -> Sections:
    return {
        "placement_database": database_options(layout, "placement"),
        "keystone_authtoken": token_check(passwords, PLACEMENT),
    }


def _nova(layout: CloudLayout, passwords: Mapping[str, str], prefix: Path) -> Sections:
    state, user = layout.service_state("nova"), _user(passwords, NOVA.name)
    return {
        "DEFAULT": {
            "host": HOST,
            "my_ip": ADDRESS,
            "state_path": str(state),
            "transport_url": "fake://",
            "resume_guests_state_on_host_boot": "true",
            "allow_resize_to_same_host": "true",
            "rpc_response_timeout": "180",
            # The scheduler accepts any number of servers; cgroups limit what a server uses.
            "initial_cpu_allocation_ratio": "64.0",
            "initial_ram_allocation_ratio": "8.0",
            "initial_disk_allocation_ratio": "64.0",
            # Neutron's mechanism driver binds ports at once; there is no agent to wait for.
            "vif_plugging_is_fatal": "false",
            "vif_plugging_timeout": "0",
            # Delay until a guest's own poweroff shows in the API, in seconds.
            "sync_power_state_interval": "20",
            "heal_instance_info_cache_interval": "-1",
        },
        "api": {"metadata_cache_expiration": "10"},
        "api_database": database_options(layout, "nova_api"),
        "database": database_options(layout, "nova"),
        "oslo_concurrency": {"lock_path": str(state / "lock")},
        "wsgi": {"api_paste_config": str(prefix / "etc/nova/api-paste.ini")},
        "quota": dict.fromkeys(("instances", "cores", "ram", "server_groups", "key_pairs"), "-1"),
        "filter_scheduler": {"enabled_filters": "ComputeFilter", "track_instance_changes": "false"},
        "keystone_authtoken": token_check(passwords, NOVA),
        "service_user": {**user, "send_service_user_token": "true"},
        "placement": user,
        "neutron": user,
        "glance": user,
        "cinder": {**user, "catalog_info": f"{CINDER.kind}::publicURL"},
    }


def _neutron(layout: CloudLayout, passwords: Mapping[str, str], prefix: Path) -> Sections:
    state = layout.service_state("neutron")
    quotas = ("network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule")
    return {
        "DEFAULT": {
            "state_path": str(state),
            "core_plugin": "ml2",
            "service_plugins": "router",
            "transport_url": "fake://",
            "api_paste_config": str(prefix / "etc/neutron/api-paste.ini"),
            "dhcp_agent_notification": "false",
            "notify_nova_on_port_status_changes": "true",
            "notify_nova_on_port_data_changes": "true",
        },
        "database": database_options(layout, "neutron"),
        "ml2": {
            "type_drivers": "local,flat,vlan",
            "tenant_network_types": "local",
            "mechanism_drivers": "localcloud",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": "*"},
        "quotas": {f"quota_{name}": "-1" for name in quotas},
        "oslo_concurrency": {"lock_path": str(state / "lock")},
        "keystone_authtoken": token_check(passwords, NEUTRON),
        "nova": _user(passwords, NEUTRON.name),
        "placement": _user(passwords, NEUTRON.name),
    }


def _cinder(layout: CloudLayout, passwords: Mapping[str, str], prefix: Path) -> Sections:
    state, user = layout.service_state("cinder"), _user(passwords, CINDER.name)
    return {
        "DEFAULT": {
            "host": HOST,
            "my_ip": ADDRESS,
            "state_path": str(state),
            "transport_url": "fake://",
            "enabled_backends": "file",
            "default_volume_type": "__DEFAULT__",
            "api_paste_config": str(prefix / "etc/cinder/api-paste.ini"),
            "rootwrap_config": str(prefix / "etc/cinder/rootwrap.conf"),
            "resource_query_filters_file": str(prefix / "etc/cinder/resource_filters.json"),
            "glance_api_servers": GLANCE.root,
            # The scheduler shares its process with the only backend, which reports to it right after the start.
            "scheduler_driver_init_wait_time": "1",
            "quota_volumes": "-1",
            "quota_gigabytes": "-1",
            "quota_snapshots": "-1",
        },
        "file": {
            "volume_driver": "localcloud.volume.driver.FileVolumeDriver",
            "volume_backend_name": "file",
        },
        "database": database_options(layout, "cinder"),
        "oslo_concurrency": {"lock_path": str(state / "lock")},
        "keystone_authtoken": token_check(passwords, CINDER),
        "service_user": {**user, "send_service_user_token": "true"},
        "nova": user,
    }
