"""Finds the server that sent a request by its source address."""

from collections.abc import Callable

from localcloud.compute.server_facts import HostedServerFacts, load_all
from localcloud.host.places import CloudPlaces
from localcloud.network import link


class AddressBook:
    """Maps addresses to servers: only of plugged ports, whose ranges cannot overlap.

    Args:
        places: the host's folders.
        plugged: whether the host has an interface.
    """

    def __init__(self, places: CloudPlaces, plugged: Callable[[str], bool] = link.exists) -> None:
        self._places = places
        self._plugged = plugged
        self._known: dict[str, str] = {}

    def find(self, address: str) -> HostedServerFacts | None:
        """The server with a fixed address, or None if this host has none."""
        facts = self._load(address)
        if facts is None or address not in self._addresses(facts):
            everyone = load_all(self._places.servers)
            self._known = {ip: each.uuid for each in everyone for ip in self._addresses(each)}
            facts = self._load(address)
        return facts

    def _load(self, address: str) -> HostedServerFacts | None:
        uuid = self._known.get(address)
        return HostedServerFacts.load(self._places.servers / uuid) if uuid else None

    def _addresses(self, facts: HostedServerFacts) -> list[str]:
        return [address for nic in facts.nics if self._plugged(nic.host_end) for address in nic.addresses]
