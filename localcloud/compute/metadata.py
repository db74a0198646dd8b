"""Nova's metadata service for our nodes: who asks is known by the address that the question comes from.

Nova itself would look the address up in all networks of all projects. Here only ports that are plugged on this host
count, whose ranges cannot overlap, and whose source address the filter guarantees; so the answer is always the asker's
own. Nova is told by the headers that it knows from Neutron's metadata agent, signed with a secret of this process.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Any

import nova.conf

from localcloud.compute import options
from localcloud.compute.places import Places
from localcloud.compute.server_facts import ServerFacts, load_all

Application = Callable[..., Iterable[bytes]]

#: Headers, as WSGI spells them, that only we may set.
_OWN = ("HTTP_X_INSTANCE_ID", "HTTP_X_TENANT_ID", "HTTP_X_INSTANCE_ID_SIGNATURE", "HTTP_X_FORWARDED_FOR")
_FOREIGN = ("HTTP_X_METADATA_PROVIDER", "HTTP_X_METADATA_PROVIDER_SIGNATURE")


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


def identified(application: Application) -> Application:
    """Put the identification in front of Nova's metadata application."""
    configuration = nova.conf.CONF
    secret = secrets.token_hex(32)
    configuration.set_override("service_metadata_proxy", True, group="neutron")
    configuration.set_override("metadata_proxy_shared_secret", secret, group="neutron")
    book = AddressBook(options.places(configuration))

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for name in (*_OWN, *_FOREIGN):
            environ.pop(name, None)
        asker = environ["REMOTE_ADDR"]
        facts = book.find(asker)
        if facts is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"no server of this cloud has the address {asker}\n".encode()]
        environ["HTTP_X_INSTANCE_ID"] = facts.uuid
        environ["HTTP_X_TENANT_ID"] = facts.project_id
        environ["HTTP_X_INSTANCE_ID_SIGNATURE"] = hmac.new(
            secret.encode(), facts.uuid.encode(), hashlib.sha256
        ).hexdigest()
        environ["HTTP_X_FORWARDED_FOR"] = asker
        return application(environ, start_response)

    return serve


def application() -> Application:
    """Nova's metadata application with the identification in front, for whoever serves it."""
    from nova.wsgi.metadata import application as nova_metadata  # reads nova.conf when it is imported

    return identified(nova_metadata)
