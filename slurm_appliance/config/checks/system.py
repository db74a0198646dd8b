"""What the site asks of every node's system goes together."""

from collections.abc import Iterator

from slurm_appliance.config.certificates import certificates_in, is_text
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.errors import Problem

_LONGEST_PATH = 1000


def proxy_login(config: ClusterConfig) -> Iterator[Problem]:
    """A login at the proxy has both parts."""
    if config.proxy is None:
        return
    given = {name: getattr(config.proxy, name) is not None for name in ("username", "password")}
    for name, other in (("username", "password"), ("password", "username")):
        if given[other] and not given[name]:
            yield Problem(f"proxy.{name}", f"not set, but proxy.{other} is", "set both or none")


def cacerts(config: ClusterConfig) -> Iterator[Problem]:
    """Certificates in the stack file are certificates; preflight reads those in files."""
    for number, entry in enumerate(config.cacerts):
        if is_text(entry):
            yield from certificates_in(f"cacerts[{number}]", entry)[1]
        elif not entry.isprintable() or len(entry) > _LONGEST_PATH:
            yield Problem(
                f"cacerts[{number}]", "is neither PEM text nor a path", "-----BEGIN CERTIFICATE----- is missing"
            )


CHECKS = (proxy_login, cacerts)
