"""A cloud that has everything the example configurations ask for, as facts; tests take away or add."""

from typing import Any

from slurm_appliance.cloud.facts import (
    CloudFacts,
    Flavor,
    FloatingIp,
    ImageFacts,
    Named,
    NetworkFacts,
    Port,
    Quota,
    ServerFacts,
    ShareType,
    SubnetFacts,
    Volume,
)
from slurm_appliance.image.images import packed

IMAGE = "11111111-1111-4111-8111-111111111111"
OTHER_IMAGE = "22222222-2222-4222-8222-222222222222"
#: The id that tests/unit/slurm_appliance/config/examples.py uses wherever one is asked for.
EXAMPLE_ID = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"
#: Another, of a port.
OTHER_ID = "5b0d8c1e-2f4a-4c63-8e1d-7a9f3b2c4d55"


def image(id_: str, name: str, status: str = "active", **more: Any) -> ImageFacts:
    """An image of ours, with the accounts of a small system."""
    accounts = packed("user root 0\nuser chief 1001\ngroup root 0\ngroup users 100\ngroup render2 1500\n")
    return ImageFacts(id_, name, status, **{"digest": "d1", "accounts": accounts, **more})


def server(name: str, **more: Any) -> ServerFacts:
    """A server of environment ``test`` that runs the cluster's image."""
    defaults = {"id": f"id-of-{name}", "status": "ACTIVE", "image_id": IMAGE, "environment": "test"}
    return ServerFacts(name=name, **(defaults | more))


def port(name: str, *addresses: str, device_id: str = "", description: str = "") -> Port:
    """A port on the cluster's network."""
    return Port(f"id-of-{name}", name, "network-cluster", device_id, addresses, description)


def cloud(**changes: Any) -> CloudFacts:
    """The cloud, with some of its facts changed."""
    facts: dict[str, Any] = {
        "flavors": (
            Flavor("flavor-small", "m1.small", 1, 2048, 20),
            Flavor("flavor-large", "m1.large", 8, 16384, 80),
            Flavor("flavor-xlarge", "m1.xlarge", 16, 32768, 160),
            Flavor("flavor-gpu", "g1.large", 16, 65536, 160),
        ),
        "images": (
            image(IMAGE, "slurm-2026-11", min_disk=10, size=4),
            image(OTHER_IMAGE, "slurm-other"),
            image(EXAMPLE_ID, "slurm-gpu", min_disk=30),
        ),
        "networks": (
            NetworkFacts("network-cluster", "cluster"),
            NetworkFacts("network-storage", "storage", port_security=False),
            NetworkFacts("network-fabric", "fabric"),
            NetworkFacts("network-external", "external", external=True),
        ),
        "subnets": (
            SubnetFacts("subnet-cluster", "cluster", "network-cluster", "10.0.0.0/24", "10.0.0.1"),
            SubnetFacts("subnet-storage-v4", "storage-v4", "network-storage", "10.1.0.0/24"),
            SubnetFacts("subnet-storage-v6", "storage-v6", "network-storage", "fd00::/64", "fd00::1"),
            SubnetFacts("subnet-fabric", "fabric", "network-fabric", "10.2.0.0/24"),
        ),
        "security_groups": (Named("group-default", "default"), Named("group-ssh", "ssh"), Named(EXAMPLE_ID, "own")),
        "ports": (
            Port(EXAMPLE_ID, "given-0", "network-cluster", addresses=("fd00::90", "10.0.0.90")),
            Port(OTHER_ID, "given-1", "network-cluster", addresses=("10.0.0.91",)),
        ),
        "key_pairs": {"operators": "ssh-ed25519 AAAA operators"},
        "server_groups": (Named(EXAMPLE_ID, "spread"),),
        "availability_zones": ("nova", "rack-1"),
        "volumes": (
            Volume("volume-state", "demo-state", 100, "available"),
            Volume("volume-home", "demo-home", 100, "available"),
            Volume("volume-scratch-0", "demo-c-0-scratch", 50, "available"),
        ),
        "volume_types": ("ssd", "hdd"),
        "floating_ips": (FloatingIp("floating-1", "203.0.113.10"), FloatingIp("floating-2", "203.0.113.11")),
        "share_types": (
            ShareType("type-plain", "plain", default=True),
            ShareType("type-other", "other"),
            ShareType("type-servers", "servers", share_servers=True),
        ),
        "share_networks": (Named("share-network-nodes", "nodes"), Named("share-network-nets", "nets")),
        "bare_metal": {"c-0": "ironic-c-0", "c-1": "ironic-c-1"},
        "quotas": {"instances": Quota(-1, 3), "ports": Quota(-1, 7)},
    }
    return CloudFacts(**(facts | changes))
