"""The settings of node groups, for ``leaves.py``."""

from tests.unit.clouds import EXAMPLE_ID, OTHER_ID, OTHER_IMAGE
from tests.unit.slurm_appliance.config.leaf import INSTANCE, MANAGED_BUILD, PORT, VOLUME, Leaf


def group_leaves(kind: str, name: str) -> dict[str, Leaf]:
    """The settings that all kinds of groups have; the group is ``name``, its nodes are c-0 and c-1."""
    two = {"extra_networks": [{"network": "fabric"}]}
    fabric = {kind: {name: two}}
    scratch = {kind: {name: {"extra_volumes": {"scratch": {"size": 50}}}}}
    volumes = {kind: {name: {"volume_backed_instances": True}}}
    leaves = {
        "nodes": Leaf(["c-[0-2]"], INSTANCE),
        "flavor": Leaf("m1.large", INSTANCE),
        "image.id": Leaf(OTHER_IMAGE, INSTANCE),
        "image.name": Leaf("slurm-other", INSTANCE),
        "image.build": Leaf("fat", "group", {"image_builds": MANAGED_BUILD}),
        "image_id": Leaf(OTHER_IMAGE, INSTANCE),
        "extra_networks[].network": Leaf("storage", "group", fabric),
        "extra_networks[].subnet": Leaf("storage-v4", PORT, {kind: {name: {"extra_networks": [
            {"network": "storage", "no_security_groups": True, "subnet": "storage-v6"}]}}}),
        "extra_networks[].no_security_groups": Leaf(True, PORT, fabric),
        "vnic_types": Leaf({"cluster": "direct"}, PORT),
        "ip_addresses": Leaf({"cluster": ["10.0.0.20", "10.0.0.21"]}, PORT),
        "port_ids": Leaf({"cluster": [EXAMPLE_ID, OTHER_ID]}, INSTANCE),
        "gateway_ip": Leaf("10.0.0.254", INSTANCE),
        "nodename_template": Leaf("${node}-x.example.org", INSTANCE),
        "availability_zone": Leaf("rack-1", INSTANCE),
        "match_ironic_node": Leaf(True, INSTANCE),
        "vnic_profiles": Leaf({"cluster": "{}"}, PORT),
        "extra_networks[].no_port_security": Leaf(True, PORT, fabric),
        "hypervisor_hostname": Leaf("h1", INSTANCE),
        "server_group": Leaf("infra", INSTANCE, {"server_groups": {"infra": {"policy": "affinity"}}}),
        "server_group_id": Leaf(EXAMPLE_ID, INSTANCE),
        "server_group_policy": Leaf("affinity", INSTANCE),
        "volume_backed_instances": Leaf(True, INSTANCE),
        "root_volume_size": Leaf(77, INSTANCE, volumes),
        "root_volume_type": Leaf("ssd", INSTANCE, volumes),
        "extra_volumes.<volume>.size": Leaf(60, VOLUME, scratch),
        "extra_volumes.<volume>.volume_type": Leaf("ssd", VOLUME, scratch),
        "additional_cloud_config": Leaf("timezone: UTC\n", INSTANCE),
        "additional_cloud_config_vars": Leaf({"zone": "UTC"}, INSTANCE, {kind: {name: {
            "additional_cloud_config": "timezone: ${zone}\n", "additional_cloud_config_vars": {"zone": "CET"}}}}),
    }  # fmt: skip
    if kind != "compute":
        fip = {kind: {name: {"fip_addresses": ["203.0.113.10"]}}}
        leaves |= {
            "fip_addresses": Leaf(["203.0.113.10"], "networking/floatingIpAssociate:FloatingIpAssociate"),
            "fip_pool": Leaf("external", "networking/floatingIp:FloatingIp"),
            "fip_network": Leaf(
                "fabric",
                "networking/floatingIpAssociate:FloatingIpAssociate",
                {kind: {name: {**two, **fip[kind][name], "fip_network": "cluster"}}},
            ),
            "security_group_ids": Leaf([EXAMPLE_ID], PORT),
        }
    else:
        leaves |= {
            "compute_init_enable": Leaf(["compute"], INSTANCE),
            "ignore_image_changes": Leaf(True, INSTANCE),
        }
    return {f"{kind}.<group>.{path}": leaf for path, leaf in leaves.items()}
