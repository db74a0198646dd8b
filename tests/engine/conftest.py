"""Brings the fixtures of the engine tests together; each kind has a module of its own."""

from tests.engine.pulumi_fixtures import stack_folders, toolchain

__all__ = ["stack_folders", "toolchain"]
