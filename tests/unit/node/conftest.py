"""Brings the fixtures of these tests together."""

from tests.unit.node.compute_node import folder, settings

__all__ = ["folder", "settings"]
