"""Keystone, Nova, Glance and Cinder on loopback: as much of them as reads, rebuilds and reboots of servers need.

Speaks real HTTP to real clients, takes time for rebuilds, fails where a test tells it to, enforces the access rules of
an application credential as keystonemiddleware does, and keeps a record of all calls.
"""

from __future__ import annotations

from tests.fakes.nova.calls import Call, Fault
from tests.fakes.nova.cloud import FakeCloud
from tests.fakes.nova.identity import PROJECT
from tests.fakes.nova.servers import Operation

__all__ = ["PROJECT", "Call", "FakeCloud", "Fault", "Operation"]
