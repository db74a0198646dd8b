"""Nova's metadata service for our nodes: identifies the server by the request's source address.

Nova itself would search the address in all networks of all projects. Here only ports plugged on this host count: their
ranges cannot overlap, and the filter guarantees their source address, so a server always gets its own data. The headers
tell Nova the server, as those of Neutron's metadata agent do; they are signed with a secret of this process.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Any

import nova.conf

from localcloud.compute.address_book import AddressBook
from localcloud.host import options

Application = Callable[..., Iterable[bytes]]

#: Headers, as WSGI spells them, that only we may set.
_OWN = ("HTTP_X_INSTANCE_ID", "HTTP_X_TENANT_ID", "HTTP_X_INSTANCE_ID_SIGNATURE", "HTTP_X_FORWARDED_FOR")
_FOREIGN = ("HTTP_X_METADATA_PROVIDER", "HTTP_X_METADATA_PROVIDER_SIGNATURE")


def identified(application: Application) -> Application:
    """Wrap Nova's metadata application with the identification."""
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
    """Nova's metadata application, wrapped with the identification, for a WSGI server."""
    from nova.wsgi.metadata import application as nova_metadata  # reads nova.conf when it is imported

    return identified(nova_metadata)
