"""Placement: the resources of the one compute host, and who uses them."""

from typing import Any


def application() -> Any:
    """Placement's WSGI application."""
    from placement.wsgi.api import application as placement

    return placement


def start_workers() -> None:
    """Do nothing: Placement has no workers."""
