"""A configuration that is valid and uses every part of the schema, for tests to change."""

import copy
from typing import Any

from tests.pem import certificate

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"
_ID = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"

#: As few settings as there can be.
SMALLEST: dict[str, Any] = {
    "cluster_name": "demo",
    "cluster_image": "slurm-2026-11",
    "cluster_networks": [{"network": "cluster"}],
    "key_pair": "operators",
    "control_node_flavor": "m1.large",
}

LARGEST: dict[str, Any] = {
    **SMALLEST,
    "cluster_domain_suffix": "hpc.example.org",
    "cluster_nodename_template": "${cluster_name}-${node}.${environment_name}.${cluster_domain_suffix}",
    "environment_name": "test",
    "protected": "true",
    "cluster_image": {"build": "site"},
    "image_builds": {
        "fat": {
            "base_image": "debian-12",
            "flavor": "m1.medium",
            "groups": ["control", "login", "compute"],
            "package_sources": {
                "mirror": "http://mirror.example.org:8080",
                "snapshot": "20261123T031500",
                "username": "builder",
                "password": {"secure": "v1:abc:def"},
                "repositories": {"main": {"url": "${mirror}/debian/${snapshot}", "suite": "bookworm"}},
            },
            "properties": {"hw_machine_type": "q35", "hw_vif_multiqueue_enabled": True},
            "ssh": {"user": "debian", "bastion_host": "bastion.example.org"},
        },
        "site": {"base_image": {"build": "fat"}, "flavor": "m1.medium", "groups": ["dev"], "extra_packages": ["htop"]},
    },
    "cluster_networks": [
        {"network": "cluster", "create": {"cidr": "10.20.0.0/24", "external_network": "external", "mtu": 1450}},
        {"network": "storage", "subnet": "storage-v4", "no_security_groups": True},
    ],
    "vnic_types": {"storage": "direct"},
    "gateway_ip": "10.20.0.1",
    "login_security_groups": ["default", "ssh"],
    "key_pair": {"public_key": _KEY},
    "ssh": {"user": "rocky", "port": 2222},
    "ssh_allowed_cidrs": ["192.0.2.0/24"],
    "sysctl": {"vm.swappiness": 10, "net.ipv4.tcp_rmem": "4096 87380 16777216"},
    "limits": {"memlock": "unlimited", "nofile": 65536},
    "resolv_conf": {"servers": ["192.0.2.53"], "search": ["hpc.example.org"]},
    "chrony_server_options": ["iburst", "minpoll 4"],
    "sshd": {"allow_groups": ["hpc-users"], "match": "Match User alice\n    X11Forwarding no\n"},
    "tuned_profile": "throughput-performance",
    "motd": "Welcome\n",
    "cacerts": [certificate("Site")],
    "proxy": {
        "http": "http://proxy.example.org:3128",
        "no_proxy": [".example.org"],
        "username": {"secure": "v1:abc:def"},
        "password": {"secure": "v1:abc:def"},
    },
    "nonlogin_ssh_allowed_cidrs": ["198.51.100.0/24"],
    "control_ip_addresses": {"cluster": "10.20.0.10"},
    "login": {
        "entry": {
            "nodes": ["login-0"],
            "flavor": "m1.small",
            "fip_addresses": ["203.0.113.10"],
            "fip_network": "cluster",
            "security_group_ids": [_ID],
        }
    },
    "compute": {
        "general": {
            "nodes": ["c-[0-1]", "c-7"],
            "flavor": "m1.xlarge",
            "image": {"name": "slurm-other"},
            "extra_networks": [{"network": "fabric"}],
            "vnic_types": {"fabric": "direct"},
            "ip_addresses": {"cluster": ["10.20.0.20", "10.20.0.21", "10.20.0.22"]},
            "compute_init_enable": ["compute", "nfs", "etc_hosts"],
            "ignore_image_changes": True,
            "extra_volumes": {"scratch": {"size": 100}},
            "server_group_policy": "soft-anti-affinity",
            "additional_cloud_config": "timezone: ${zone}\n",
            "additional_cloud_config_vars": {"zone": "Europe/Berlin"},
        },
        "gpu": {"nodes": ["g-0"], "flavor": "g1.large", "image_id": _ID, "volume_backed_instances": True},
    },
    "additional_nodegroups": {"squid": {"nodes": ["squid-0"], "flavor": "m1.small"}},
    "volume_backed_instances": False,
    "root_volume_size": "60",
    "state_volume_size": 200,
    "home_volume_provisioning": "none",
    "home": {"server": "nfs.example.org", "export": "/srv/home"},
    "vnic_profiles": {"storage": '{"capabilities": ["switchdev"]}'},
    "server_groups": {"infrastructure": {"policy": "soft-anti-affinity"}},
    "control_server_group": "infrastructure",
    "control_extra_networks": [{"network": "fabric"}],
    "control_security_group_ids": [_ID],
    "control_volume_backed": True,
    "control_root_volume_size": 80,
    "control_root_volume_type": "ssd",
    "control_hypervisor_hostname": "hypervisor-1",
    "monitoring_retention_size": "20GB",
    "monitoring_alertmanagers": ["https://alerts.example.org:9093"],
    "control_extra_volumes": {"projects": {"size": 500}},
    "filesystems": {
        "scratch": {"type": "nfs", "mount_point": "/scratch", "server": "nfs.example.org", "export": "/scratch",
                    "version": "4.2", "nconnect": 8, "automount": True},
        "disk": {"type": "disk", "mount_point": "/exports/projects", "volume": "projects", "groups": ["control"]},
        "projects": {"type": "nfs", "mount_point": "/projects", "export": "/exports/projects"},
        "archive": {"type": "cephfs", "mount_point": "/archive", "monitors": ["192.0.2.11"], "user": "archive",
                    "key": {"secure": "v1:abc:def"}, "groups": ["entry"], "options": ["ro"]},
        "fast": {"type": "disk", "mount_point": "/fast", "volume": "scratch", "format": "xfs", "groups": ["general"]},
    },
    "slurm": {
        "partitions": {
            "general": {"groups": ["general"], "default": True, "max_time": "2-0"},
            "all": {"groups": ["general", "gpu"], "options": {"OverSubscribe": "EXCLUSIVE"}},
        },
        "nodegroups": {"gpu": {"gres": ["gpu:a100:4"], "features": ["a100"], "options": {"Weight": 10}}},
        "options": {"SchedulerParameters": "bf_window=2880"},
        "resume_timeout": 1200,
    },
    "users": {"alice": {"uid": 2001, "ssh_keys": [_KEY], "slurm_admin": True}},
    "identity": {
        "type": "freeipa",
        "uris": ["ldaps://ipa.example.org"],
        "base": "cn=accounts,dc=example,dc=org",
        "bind_dn": "uid=slurm,cn=sysaccounts,cn=etc,dc=example,dc=org",
        "bind_password": {"secure": "v1:abc:def"},
        "access_groups": ["hpc-users"],
        "options": {"ldap_user_name": "uid"},
    },
    "secrets": {"munge_key": {"secure": "v1:abc:def"}, "monitoring_password": "correct horse"},
    "features": {"nhc": False},
    "chrony_servers": ["ntp.example.org"],
    "rollout": {"batch": 3, "max_unavailable": "10%", "via": "job"},
}  # fmt: skip


def smallest(**changes: Any) -> dict[str, Any]:
    """A copy of the smallest configuration with some settings changed; None takes one away."""
    return _changed(SMALLEST, changes)


def largest(**changes: Any) -> dict[str, Any]:
    """A copy of the largest configuration with some settings changed; None takes one away."""
    return _changed(LARGEST, changes)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(base) | changes
    return {name: value for name, value in changed.items() if value is not None}
