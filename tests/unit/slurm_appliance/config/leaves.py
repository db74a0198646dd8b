"""For every setting: a value that is not the default, and where its effect shows.

A place is a type of resource in the recorded cluster, or one of:

- ``inventory: TEXT``: the inventory changes, and TEXT stands in a playbook or role that reads it;
- ``group``: the images and networks of node groups; ``build``: what an image build is asked for;
- ``users``: the file of users that all nodes have;
- ``ssh``: how the deploy host connects; ``rollout``: a rollout's rules;
- ``code: FILE: TEXT``: a program looks at it when it runs.
"""

from typing import Any

from tests.pem import certificate
from tests.unit.clouds import EXAMPLE_ID, IMAGE, OTHER_IMAGE
from tests.unit.slurm_appliance.config.leaf import (
    INSTANCE,
    KEY,
    MANAGED_BUILD,
    NETWORK,
    OTHER_KEY,
    PORT,
    RULE,
    SUBNET,
    VOLUME,
    Leaf,
)
from tests.unit.slurm_appliance.config.leaves_of_builds import build_leaves
from tests.unit.slurm_appliance.config.leaves_of_filesystems import filesystem_leaves
from tests.unit.slurm_appliance.config.leaves_of_groups import group_leaves

CREATED = [{"network": "own", "create": {"cidr": "10.9.0.0/24"}}]
_SIX = {"cidr": "fd00::/64", "external_network": "external", "ipv6_mode": "dhcpv6-stateful"}
_BASTION = {"ssh": {"bastion_host": "b.example.org"}}
_NODE: dict[str, Any] = {"slurm": {"nodegroups": {"general": {}}}}
_PARTS = {"slurm": {"partitions": {"a": {"groups": ["general"], "default": True}, "b": {"groups": ["general"]}}}}
_ACCOUNT: dict[str, Any] = {"slurm": {"accounts": {"physics": {}}}}
_USER = {"users": {"alice": {"uid": 2001}}}
_SLURM_CONF = "ansible/roles/slurmctld/templates/slurm.conf.j2"

_PROXY = {"proxy": {"http": "http://proxy:3128", "username": "me", "password": "pass"}}

_RESOLVER = {"resolv_conf": {"servers": ["192.0.2.53"]}}
_DIRECTORY = {"identity": {"uris": ["ldap://a"], "base": "dc=a", "bind_dn": "cn=r,dc=a", "bind_password": "x",
    "access_groups": ["hpc"]}}  # fmt: skip
_IDENTITY = "inventory: identity."

LEAVES: dict[str, Leaf] = {
    "cluster_name": Leaf("other", INSTANCE, {"state_volume_provisioning": "manage"}),
    "cluster_domain_suffix": Leaf("example.org", INSTANCE),
    "cluster_nodename_template": Leaf("${node}-z.${cluster_name}.x", INSTANCE),
    "environment_name": Leaf("elsewhere", INSTANCE),
    "protected": Leaf(True, "code: slurm_appliance/deployment/refusals.py: config.protected"),
    "cluster_image.id": Leaf(OTHER_IMAGE, INSTANCE, {"cluster_image": {}}),
    "cluster_image.name": Leaf("slurm-other", INSTANCE, {"cluster_image": {}}),
    "cluster_image.build": Leaf("fat", "group", {"image_builds": MANAGED_BUILD, "cluster_image": {}}),
    "cluster_image_id": Leaf(OTHER_IMAGE, INSTANCE, {"cluster_image": None, "cluster_image_id": IMAGE}),
    **build_leaves(),
    "cluster_networks[].network": Leaf("fabric", PORT),
    "cluster_networks[].subnet": Leaf(
        "storage-v4",
        PORT,
        {"cluster_networks": [
            {"network": "cluster"}, {"network": "storage", "subnet": "storage-v6", "no_security_groups": True}]},
    ),
    "cluster_networks[].no_security_groups": Leaf(True, PORT),
    "cluster_networks[].create.cidr": Leaf("10.8.0.0/24", SUBNET, {"cluster_networks": CREATED}),
    "cluster_networks[].create.gateway_ip": Leaf("10.9.0.254", SUBNET, {"cluster_networks": CREATED}),
    "cluster_networks[].create.dns_nameservers": Leaf(["10.9.0.2"], SUBNET, {"cluster_networks": CREATED}),
    "cluster_networks[].create.external_network": Leaf(
        "external", "networking/router:Router", {"cluster_networks": CREATED}
    ),
    "cluster_networks[].create.dhcp": Leaf(False, SUBNET, {"cluster_networks": CREATED}),
    "cluster_networks[].create.ipv6_mode": Leaf(
        "slaac", SUBNET, {"cluster_networks": [*CREATED, {"network": "six", "create": _SIX}]}
    ),
    "cluster_networks[].create.mtu": Leaf(1400, NETWORK, {"cluster_networks": CREATED}),
    "vnic_types": Leaf({"cluster": "direct"}, PORT),
    "gateway_ip": Leaf("10.0.0.254", INSTANCE),
    "login_security_groups": Leaf(["ssh"], PORT),
    "nonlogin_security_groups": Leaf(["ssh"], PORT),
    "key_pair.name": Leaf("others", INSTANCE, {"key_pair": {"public_key": KEY}}),
    "key_pair.public_key": Leaf(OTHER_KEY, "code: components/key_pair.py: wanted.public_key"),
    "key_pair.public_key_file": Leaf("~/x.pub", "code: components/key_pair.py: public_key_file"),
    "ssh.user": Leaf("rocky", "ssh"),
    "ssh.port": Leaf(2222, "ssh"),
    "ssh.private_key_file": Leaf("/k", "ssh"),
    "ssh.bastion_host": Leaf("b.example.org", "ssh"),
    "ssh.bastion_user": Leaf("me", "ssh", _BASTION),
    "ssh.bastion_private_key_file": Leaf("/b", "ssh", _BASTION),
    "ssh_allowed_cidrs": Leaf(["192.0.2.0/24"], RULE),
    "nonlogin_ssh_allowed_cidrs": Leaf(["192.0.2.0/24"], RULE),
    "control_node_flavor": Leaf("m1.small", INSTANCE),
    "control_ip_addresses": Leaf({"cluster": "10.0.0.10"}, PORT),
    "control_port_ids": Leaf({"cluster": EXAMPLE_ID}, INSTANCE),
    "control_server_group_id": Leaf(EXAMPLE_ID, INSTANCE),
    "cluster_networks[].no_port_security": Leaf(True, PORT),
    "vnic_profiles": Leaf({"cluster": "{}"}, PORT),
    "control_hypervisor_hostname": Leaf("h1", INSTANCE),
    "control_server_group": Leaf("infra", INSTANCE, {"server_groups": {"infra": {"policy": "affinity"}}}),
    "control_extra_networks[].network": Leaf("storage", "group", {"control_extra_networks": [{"network": "fabric"}]}),
    "control_extra_networks[].subnet": Leaf("storage-v4", PORT, {"control_extra_networks": [
        {"network": "storage", "no_security_groups": True, "subnet": "storage-v6"}]}),
    "control_extra_networks[].no_security_groups": Leaf(
        True, PORT, {"control_extra_networks": [{"network": "fabric"}]}),
    "control_extra_networks[].no_port_security": Leaf(
        True, PORT, {"control_extra_networks": [{"network": "fabric"}]}),
    "control_security_group_ids": Leaf([EXAMPLE_ID], PORT),
    "control_volume_backed": Leaf(True, INSTANCE),
    "control_root_volume_size": Leaf(77, INSTANCE, {"control_volume_backed": True}),
    "control_root_volume_type": Leaf("ssd", INSTANCE, {"control_volume_backed": True}),
    "server_groups.<server_group>.policy": Leaf(
        "affinity", "compute/serverGroup:ServerGroup", {"server_groups": {"infra": {"policy": "anti-affinity"}}}),
    "control_extra_volumes.<volume>.size": Leaf(60, VOLUME, {"control_extra_volumes": {"scratch": {"size": 50}}}),
    "control_extra_volumes.<volume>.volume_type": Leaf(
        "ssd", VOLUME, {"control_extra_volumes": {"scratch": {"size": 50}}}),
    **filesystem_leaves(),
    **group_leaves("login", "entry"),
    **group_leaves("compute", "general"),
    **group_leaves("additional_nodegroups", "squid"),
    "volume_backed_instances": Leaf(True, INSTANCE),
    "root_volume_size": Leaf(77, INSTANCE, {"volume_backed_instances": True}),
    "root_volume_type": Leaf("ssd", INSTANCE, {"volume_backed_instances": True}),
    "config_drive": Leaf(True, INSTANCE),
    "additional_cloud_config": Leaf("timezone: UTC\n", INSTANCE),
    "additional_cloud_config_vars": Leaf(
        {"zone": "UTC"},
        INSTANCE,
        {"additional_cloud_config": "timezone: ${zone}\n", "additional_cloud_config_vars": {"zone": "CET"}},
    ),
    "state_dir": Leaf("/srv/state", INSTANCE),
    "state_volume_provisioning": Leaf("attach", VOLUME),
    "state_volume_size": Leaf(200, VOLUME),
    "state_volume_type": Leaf("ssd", VOLUME),
    "home_volume_provisioning": Leaf("attach", VOLUME),
    "home_volume_size": Leaf(200, VOLUME),
    "home_volume_type": Leaf("ssd", VOLUME),
    "home.server": Leaf("nfs2.example.org", "inventory: home.server", {
        "home_volume_provisioning": "none", "home": {"server": "a"}}),
    "home.export": Leaf("/srv/home", INSTANCE),
    "home.mount_point": Leaf("/homes", "inventory: home.mount_point"),
    "home.mount_options": Leaf(["ro"], "inventory: home.mount_options"),
    "slurm.partitions.<partition>.groups": Leaf(["general"], "inventory: partition.groups", {"slurm": {"partitions": {
        "a": {"groups": ["more"], "default": True}, "b": {"groups": ["more"]}}},
        "compute": {"more": {"nodes": ["m-0"], "flavor": "m1.small"}}}),
    "slurm.partitions.<partition>.default": Leaf(True, f"code: {_SLURM_CONF}: partition.default"),
    "slurm.partitions.<partition>.max_time": Leaf("1-0", "inventory: partition.max_time", _PARTS),
    "slurm.partitions.<partition>.state": Leaf("DOWN", "inventory: partition.state", _PARTS),
    "slurm.partitions.<partition>.options": Leaf({"LLN": True}, "inventory: partition.options", _PARTS),
    "slurm.nodegroups.<group>.features": Leaf(["fast"], "inventory: node['features']", _NODE),
    "slurm.nodegroups.<group>.gres": Leaf(["gpu:1"], "inventory: node['gres']", _NODE),
    "slurm.nodegroups.<group>.memory_percent": Leaf(50, "inventory: node['memory_percent']", _NODE),
    "slurm.nodegroups.<group>.memory_mb": Leaf(5000, "inventory: node['memory_mb']", _NODE),
    "slurm.nodegroups.<group>.options": Leaf({"Weight": 2}, "inventory: node['options']", _NODE),
    "slurm.options": Leaf({"TreeWidth": 5}, "inventory: slurm.options"),
    "slurm.accounting": Leaf(False, "inventory: slurm.accounting"),
    "slurm.accounting_enforce": Leaf(["limits"], "inventory: slurm.accounting_enforce"),
    "slurm.private_data": Leaf(["jobs"], "inventory: slurm.private_data"),
    "slurm.topology": Leaf("hypervisors", "inventory: slurm.topology"),
    "slurm.auth_type": Leaf("slurm", "inventory: slurm_auth_type"),
    "slurm.clean_up_after_jobs": Leaf(False, "inventory: slurm.clean_up_after_jobs"),
    "slurm.cgroup": Leaf({"AllowedRAMSpace": "90"}, "inventory: slurm.cgroup"),
    "slurm.slurmdbd_options": Leaf({"DebugLevel": "debug"}, "inventory: slurm.slurmdbd_options"),
    "slurm.files": Leaf({"topology.conf": "SwitchName=s1 Nodes=a"}, "inventory: slurm.files"),
    "slurm.nodegroups.<group>.gres_autodetect": Leaf("nvml", "inventory: gres_autodetect", _NODE),
    "slurm.nodegroups.<group>.gres_files": Leaf({"gpu": "/dev/gpu0"}, "inventory: gres_files", _NODE),
    "slurm.qos.<qos>.options": Leaf({"Priority": 3}, "inventory: slurm.qos", {"slurm": {"qos": {"long": {}}}}),
    "slurm.accounts.<account>.parent": Leaf("users", "inventory: slurm.accounts", _ACCOUNT),
    "slurm.accounts.<account>.options": Leaf({"Fairshare": 3}, "inventory: slurm.accounts", _ACCOUNT),
    "slurm.former_users_jobs": Leaf("cancel", "inventory: slurm.former_users_jobs"),
    "slurm.resume_timeout": Leaf(1000, "inventory: slurm.resume_timeout"),
    "slurm.reboot_parallelism": Leaf(3, "inventory: slurm.reboot_parallelism"),
    "users.<user>.uid": Leaf(2002, "users", _USER),
    "users.<user>.gid": Leaf(2003, "users", _USER),
    "users.<user>.comment": Leaf("A", "users", _USER),
    "users.<user>.ssh_keys": Leaf([KEY], "users", _USER),
    "users.<user>.shell": Leaf("/bin/sh", "users", _USER),
    "users.<user>.groups": Leaf(["games"], "users", _USER),
    "users.<user>.sudo": Leaf(True, "users", _USER),
    "users.<user>.slurm_admin": Leaf(True, "users", _USER),
    "users.<user>.slurm_accounts": Leaf(["root"], "users", _USER),
    "identity.type": Leaf("freeipa", _IDENTITY, _DIRECTORY),
    "identity.uris": Leaf(["ldap://other"], _IDENTITY, _DIRECTORY),
    "identity.base": Leaf("dc=other", _IDENTITY, _DIRECTORY),
    "identity.user_base": Leaf("ou=p,dc=a", _IDENTITY, _DIRECTORY),
    "identity.group_base": Leaf("ou=g,dc=a", _IDENTITY, _DIRECTORY),
    "identity.ldap_schema": Leaf("rfc2307bis", _IDENTITY, _DIRECTORY),
    "identity.bind_dn": Leaf("cn=other,dc=a", _IDENTITY, _DIRECTORY),
    "identity.bind_password": Leaf("other", "inventory secrets: identity_bind_password", _DIRECTORY),
    "identity.start_tls": Leaf(False, _IDENTITY, {"identity": {"uris": ["ldaps://a"], "base": "dc=a",
        "access_groups": ["hpc"]}}),
    "identity.access_groups": Leaf(["other"], _IDENTITY, _DIRECTORY),
    "identity.access_filter": Leaf("(uid=*)", _IDENTITY, {"identity": {"uris": ["ldap://a"], "base": "dc=a"},
        "slurm": {"accounting_enforce": []}}),
    "identity.slurm_account": Leaf("root", _IDENTITY, _DIRECTORY),
    "identity.home_directory": Leaf("/h/%u", _IDENTITY, _DIRECTORY),
    "identity.shell": Leaf("/bin/sh", _IDENTITY, _DIRECTORY),
    "identity.ssh_keys": Leaf("sshPublicKey", _IDENTITY, _DIRECTORY),
    "identity.options": Leaf({"min_id": 500}, _IDENTITY, _DIRECTORY),
    "secrets.bundle_signing_key": Leaf("A" * 43 + "=", "code: slurm_appliance/site/files.py: bundle_signing_key"),
    "secrets.munge_key": Leaf("A" * 44, "inventory secrets: munge_key"),
    "secrets.mariadb_root_password": Leaf("12345678", "inventory secrets: mariadb_root_password"),
    "secrets.slurm_database_password": Leaf("12345678", "inventory secrets: slurm_database_password"),
    "secrets.monitoring_password": Leaf("12345678", "inventory secrets: monitoring_password"),
    "features.rebuild": Leaf(False, "inventory: 'rebuild' in group_names"),
    "features.monitoring": Leaf(False, "inventory: features.monitoring"),
    "features.pam_slurm": Leaf(False, "inventory: features.pam_slurm"),
    "features.nhc": Leaf(False, "inventory: features.nhc"),
    "features.hpctests": Leaf(False, 'code: slurm_appliance/cluster_check/run.py: .get("hpctests")'),
    "monitoring_retention": Leaf("5d", "inventory: monitoring_retention"),
    "monitoring_retention_size": Leaf("20GB", "inventory: monitoring_retention_size"),
    "monitoring_alertmanagers": Leaf(["http://am.example.org"], "inventory: monitoring_alertmanagers"),
    "chrony_servers": Leaf(["ntp.example.org"], "inventory: chrony_servers"),
    "ansible_init_wait": Leaf(99, "inventory: ansible_init_wait"),
    "compute_follow_seconds": Leaf(9, "inventory: compute_follow_seconds"),
    "sysctl": Leaf({"vm.swappiness": 10}, "inventory: sysctl.items()"),
    "limits": Leaf({"memlock": "unlimited"}, "inventory: limits.items()"),
    "resolv_conf.servers": Leaf(["192.0.2.54"], "inventory: resolv_conf_servers", _RESOLVER),
    "resolv_conf.search": Leaf(["a.example.org"], "inventory: resolv_conf_search", _RESOLVER),
    "chrony_server_options": Leaf(["minpoll 4"], "inventory: chrony_server_options", {"chrony_servers": ["a"]}),
    "sshd.allow_groups": Leaf(["hpc"], "inventory: sshd_allow_groups"),
    "sshd.trusted_user_ca": Leaf([KEY], "inventory: sshd_trusted_user_ca"),
    "sshd.match": Leaf("Match User a\n", "inventory: sshd_match"),
    "tuned_profile": Leaf("throughput-performance", "inventory: tuned_profile"),
    "motd": Leaf("Welcome", "inventory: motd is defined"),
    "cacerts": Leaf([certificate("Site")], "local:Command"),
    "proxy.http": Leaf("http://other:3128", "inventory: proxy.http", _PROXY),
    "proxy.https": Leaf("http://other:3128", "inventory: proxy.https", _PROXY),
    "proxy.no_proxy": Leaf([".example.org"], "inventory: proxy.no_proxy", _PROXY),
    "proxy.username": Leaf("you", "inventory secrets: proxy_with_login", _PROXY),
    "proxy.password": Leaf("other", "inventory secrets: proxy_with_login", _PROXY),
    "rollout.via": Leaf("job", "rollout"),
    "rollout.batch": Leaf(3, "rollout"),
    "rollout.max_unavailable": Leaf("10%", "rollout"),
    "rollout.canary": Leaf(False, "rollout"),
    "rollout.stop_after_failures": Leaf(7, "rollout"),
    "rollout.drain_timeout": Leaf(99, "rollout"),
    "rollout.node_timeout": Leaf(9999, "rollout"),
}  # fmt: skip
