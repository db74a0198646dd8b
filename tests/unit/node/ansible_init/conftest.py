"""Brings the fixtures of these tests together."""

from __future__ import annotations

from tests.unit.node.ansible_init.server import settings

__all__ = ["settings"]
