"""Neutron: the API and, in the same process, the mechanism driver that creates the networks on this machine."""

from typing import Any


def application() -> Any:
    """Neutron's WSGI application."""
    from neutron import policy
    from neutron.wsgi.api import application as neutron

    # Otherwise the first request loads the rules. A second one at that moment finds none, and takes admin for a user.
    policy.init()
    return neutron


def start_workers() -> None:
    """Do nothing: there are no agents."""
