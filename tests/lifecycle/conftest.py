"""Brings the fixtures of the lifecycle tests together; each kind has a module of its own."""

from tests.engine.cloud_fixtures import admin, cloud, faults, network, user
from tests.engine.node_fixtures import login, made, open_group
from tests.engine.pulumi_fixtures import stack_folders, toolchain
from tests.lifecycle.image_fixtures import build_site, fat_image, second_image
from tests.lifecycle.mirror_fixtures import mirror, signing_key

__all__ = [
    "admin",
    "build_site",
    "cloud",
    "fat_image",
    "faults",
    "login",
    "made",
    "mirror",
    "network",
    "open_group",
    "second_image",
    "signing_key",
    "stack_folders",
    "toolchain",
    "user",
]
