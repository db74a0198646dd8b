"""The settings of image builds, for ``leaves.py``."""

from typing import Any

from tests.unit.clouds import EXAMPLE_ID
from tests.unit.slurm_appliance.config.leaf import MANAGED_BUILD, Leaf, merged

SOURCES = {"repositories": {"main": {"url": "http://a.example.org/x", "suite": "bookworm"}}}


def build_leaves() -> dict[str, Leaf]:
    """Image builds; the build is ``fat``."""
    at = "image_builds.<build>"
    given = {"image_builds": MANAGED_BUILD}
    access = {"image_builds": {"fat": {"ssh": {"user": "debian", "bastion_host": "b.example.org"}}}}
    sources = {"image_builds": {"fat": {"package_sources": {**SOURCES, "username": "x", "password": "12345678"}}}}
    mirrored = {"main": {"url": "${mirror}/x", "suite": "bookworm"}}
    of_mirror = {
        "image_builds": {"fat": {"package_sources": {"mirror": "http://n.example.org", "repositories": mirrored}}}
    }
    of_dnf = {
        "image_builds": {
            "fat": {
                "package_sources": {"repositories": {"main": {"url": "http://a.example.org/x", "gpg_key": "LICENSE"}}}
            }
        }
    }
    volume = {"image_builds": {"fat": {"volume_backed_instances": True}}}
    sources_of_today = merged(sources, {"image_builds": {"fat": {"package_sources": {"snapshot": "today"}}}})
    repository = f"{at}.package_sources.repositories.<repository>"
    leaves: dict[str, tuple[Any, dict[str, Any]]] = {
        "groups": (["compute"], {}),
        "site_groups": (["gpu"], {}),
        "extra_packages": (["htop"], {}),
        "package_sources.mirror": ("http://m.example.org", of_mirror),
        "package_sources.snapshot": ("20261123T031500", sources),
        "package_sources.username": ("y", sources),
        "package_sources.password": ("87654321", sources),
        "package_sources.sync": (True, sources_of_today),
        "image_name_prefix": ("other", {}),
        "visibility": ("shared", {}),
        "disk_format": ("qcow2", {}),
        "properties": ({"a": "b"}, {}),
        "selinux": ("enforcing", {}),
        "package_family": ("openhpc", of_dnf),
        "flavor": ("m1.large", {}),
        "network": ("fabric", {}),
        "security_groups": (["default"], {}),
        "floating_ip_network": ("external", {}),
        "availability_zone": ("rack-1", {}),
        "ssh.user": ("rocky", access),
        "ssh.port": (2222, access),
        "ssh.private_key_file": ("/k", access),
        "ssh.bastion_host": ("c.example.org", access),
        "ssh.bastion_user": ("me", access),
        "ssh.bastion_private_key_file": ("/b", access),
        "volume_backed_instances": (True, {}),
        "root_volume_size": (33, volume),
        "root_volume_type": ("ssd", volume),
        "keep_on_failure": (True, {}),
        "ssh_timeout": (99, {}),
        "build_timeout": (999, {}),
    }
    found = {f"{at}.{path}": Leaf(value, "build", merged(given, more)) for path, (value, more) in leaves.items()}
    found |= {
        f"{repository}.{name}": Leaf(value, "build", merged(given, sources))
        for name, value in (
            ("url", "http://b.example.org/y"),
            ("suite", "trixie"),
            ("components", ["contrib"]),
            ("gpg_key", "LICENSE"),
        )
    }
    based = {"image_builds": {"fat": {"flavor": "m1.small", "base_image": {}}}}
    found |= {
        f"{at}.base_image.name": Leaf("rocky-9", "group", based),
        f"{at}.base_image.id": Leaf(EXAMPLE_ID, "group", based),
        f"{at}.base_image.build": Leaf(
            "b", "group", merged(based, {"image_builds": {"b": MANAGED_BUILD["fat"], "c": MANAGED_BUILD["fat"]}})
        ),
        f"{at}.force": Leaf(True, "code: components/image.py: .force", given),
    }
    return found
