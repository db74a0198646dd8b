"""Brings the fixtures of the engine tests together; each kind has a module of its own."""

from tests.engine.cloud_fixtures import admin, cloud, faults, network, user
from tests.engine.pulumi_fixtures import stack_folders, toolchain, toolchain_with_our_plugins

__all__ = ["admin", "cloud", "faults", "network", "stack_folders", "toolchain", "toolchain_with_our_plugins", "user"]
