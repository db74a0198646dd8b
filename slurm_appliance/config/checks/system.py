"""What the site asks of every node's system goes together."""

from collections.abc import Iterator

from slurm_appliance.config.certificates import certificates_in, is_text
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.errors import Problem

_LONGEST_PATH = 1000
#: Name servers that the C library asks.
_NAME_SERVERS = 3


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


def name_servers(config: ClusterConfig) -> Iterator[Problem]:
    """There are as many name servers as programs ask."""
    if config.resolv_conf is None:
        return
    servers = config.resolv_conf.servers
    if not servers:
        yield Problem("resolv_conf.servers", "names no server", "leave resolv_conf out for those from DHCP")
    for index in range(_NAME_SERVERS, len(servers)):
        yield Problem(f"resolv_conf.servers[{index}]", "is never asked", f"name at most {_NAME_SERVERS}")


def match_blocks(config: ClusterConfig) -> Iterator[Problem]:
    """What is added to sshd's configuration holds for a Match block, and for nobody else."""
    if config.sshd is None or not config.sshd.match:
        return
    lines = [line.strip() for line in config.sshd.match.splitlines()]
    words = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    if words and words[0][0].lower() != "match":
        yield Problem("sshd.match", "does not begin with Match", "write Match blocks; other options are the product's")
    for keyword, *rest in words:
        if keyword.lower() == "match" and rest and rest[0].strip().lower() == "all":
            yield Problem("sshd.match", "Match all would replace the product's rules", "say whom it is for")
        if keyword.lower() == "include":
            yield Problem("sshd.match", "includes a file", "write its content here")


def chrony(config: ClusterConfig) -> Iterator[Problem]:
    """Options of time servers are for servers."""
    if "chrony_server_options" in config.model_fields_set and not config.chrony_servers:
        yield Problem("chrony_server_options", "there are no chrony_servers", "set them, or leave the options out")


CHECKS = (proxy_login, cacerts, name_servers, match_blocks, chrony)
