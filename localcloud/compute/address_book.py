"""Which server asks, by the address that it asks from."""

from localcloud.compute.places import Places
from localcloud.compute.server_facts import ServerFacts, load_all


class AddressBook:
    """Which server has an address.

    Args:
        places: the host's folders.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[str, str] = {}

    def find(self, address: str) -> ServerFacts | None:
        """The server with a fixed address, None when there is none on this host."""
        facts = ServerFacts.load(self._places.servers / self._known.get(address, "-"))
        if facts is None or address not in _addresses(facts):
            self._known = {ip: each.uuid for each in load_all(self._places.servers) for ip in _addresses(each)}
            facts = ServerFacts.load(self._places.servers / self._known.get(address, "-"))
        return facts


def _addresses(facts: ServerFacts) -> list[str]:
    return [address for nic in facts.nics for address in nic.addresses]
