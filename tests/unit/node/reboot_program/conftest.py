"""Brings the fixtures of these tests together."""

from __future__ import annotations

from tests.unit.node.reboot_program.bed import bed
from tests.unit.node.reboot_program.programs import cloud, programs

__all__ = ["bed", "cloud", "programs"]
