"""Glance: images in files below the cloud's state folder."""

from typing import Any


def application() -> Any:
    """Glance's WSGI application."""
    from glance.wsgi.api import application as glance

    return glance


def start_workers() -> None:
    """Do nothing: Glance starts its threads itself."""
