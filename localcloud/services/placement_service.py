"""Placement: which resources the one compute host has, and who uses them."""

from typing import Any


def application() -> Any:
    """Placement's WSGI application."""
    from placement.wsgi.api import application as placement

    return placement


def start_workers() -> None:
    """Do nothing: Placement has no workers."""
