"""What nodes do when they boot, and their folders."""

import pytest

from tests.unit.slurm_appliance.config.checks.mistakes import ID, Mistake, check, group

MISTAKES: list[Mistake] = [
    (
        {"control_server_group": "infra"},
        "control_server_group",
        "there is no server group infra",
        "describe it in server_groups",
    ),
    (
        {
            "server_groups": {"infra": {"policy": "affinity"}},
            "control_server_group": "infra",
            "control_server_group_id": ID,
        },
        "control_server_group",
        "is set as well",
        "keep one",
    ),
    (
        {
            "server_groups": {"a": {"policy": "affinity"}},
            "compute": {"a": group("c-0", server_group_policy="affinity")},
        },
        "server_groups.a",
        "would be called like that of compute.a",
        "another name",
    ),
    (
        {"compute": {"a": group("c-0", match_ironic_node=True, hypervisor_hostname="h")}},
        "compute.a.hypervisor_hostname",
        "match_ironic_node",
        "keep one",
    ),
    ({"vnic_profiles": {"cluster": "[]"}}, "vnic_profiles.cluster", "is not a binding profile", "JSON object"),
    ({"vnic_profiles": {"other": "{}"}}, "vnic_profiles.other", "no ports on a network other", "cluster"),
    ({"control_extra_networks": [{"network": "cluster"}]}, "control_extra_networks[0].network", "already", "remove"),
    (
        {
            "cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24"}}],
            "login": {"a": group("l-0", fip_pool="external")},
        },
        "login.a.fip_pool",
        "has no router",
        "external_network",
    ),
    ({"additional_cloud_config": "- a"}, "additional_cloud_config", "is not a mapping", "cloud-config"),
    ({"additional_cloud_config": "a: [b"}, "additional_cloud_config", "is not valid YAML", "cloud-config"),
    ({"additional_cloud_config": "fqdn: x"}, "additional_cloud_config", "sets fqdn", "leave them out"),
    (
        {"additional_cloud_config": "a: ${b}"},
        "additional_cloud_config",
        "${b} stands for nothing",
        "set additional_cloud_config_vars.b",
    ),
    (
        {"compute": {"a": group("c-0", additional_cloud_config="mounts: []")}},
        "compute.a.additional_cloud_config",
        "sets mounts",
        "leave them out",
    ),
    (
        {"compute": {"a": group("c-0", server_group_id=ID, server_group_policy="affinity")}},
        "compute.a.server_group_policy",
        "server_group_id is set as well",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=["nfs"])}},
        "compute.a.compute_init_enable",
        "leaves out compute",
        "add compute",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=[])}},
        "compute.a.compute_init_enable",
        "leaves out compute",
        "remove the setting",
    ),
    (
        {"features": {"nhc": False}, "compute": {"a": group("c-0", compute_init_enable=["compute", "nhc"])}},
        "compute.a.compute_init_enable",
        "lists nhc, but features.nhc is false",
        "remove one",
    ),
    (
        {"home_volume_provisioning": "none"},
        "home_volume_provisioning",
        "leaves users without home directories",
        "set home.server",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=["compute", "compute"])}},
        "compute.a.compute_init_enable[1]",
        "in the list twice",
        "keep one",
    ),
    ({"home": {"server": "nfs"}}, "home.server", "there is a home volume, too", "home_volume_provisioning: none"),
    ({"state_dir": "/etc"}, "state_dir", "a mount at /etc would hide /etc/slurm", "of its own"),
    ({"state_dir": "/run/state"}, "state_dir", "/run/state lies in /run", "of its own"),
    (
        {"home": {"export": "/var/lib/state/home"}},
        "home.export",
        "/var/lib/state/home and /var/lib/state (state_dir) lie in each other",
        "separate folders",
    ),
    ({"home": {"mount_point": "/exports"}}, "home.mount_point", "/exports and /exports/home", "separate folders"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_settings_of_nodes_that_do_not_go_together(mistake: Mistake) -> None:
    check(mistake)
