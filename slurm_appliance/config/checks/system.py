"""What the site asks of every node's system goes together."""

from collections.abc import Iterator

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.errors import Problem


def proxy_login(config: ClusterConfig) -> Iterator[Problem]:
    """A login at the proxy has both parts."""
    if config.proxy is None:
        return
    given = {name: getattr(config.proxy, name) is not None for name in ("username", "password")}
    for name, other in (("username", "password"), ("password", "username")):
        if given[other] and not given[name]:
            yield Problem(f"proxy.{name}", f"not set, but proxy.{other} is", "set both or none")


CHECKS = (proxy_login,)
