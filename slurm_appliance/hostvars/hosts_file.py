"""/etc/hosts of the cluster, rendered once for all nodes. Pure."""

from collections.abc import Iterable

_HEAD = """\
# Written by slurm-appliance; changes are overwritten.
127.0.0.1 localhost localhost.localdomain
::1 localhost localhost.localdomain ip6-localhost ip6-loopback
"""


def hosts_file(hosts: Iterable[tuple[str, str, str]]) -> bytes:
    """The file's bytes, the same for the same hosts in any order.

    Args:
        hosts: address, full name and short name of each.
    """
    lines = sorted(f"{address} {full} {short}" for address, full, short in hosts)
    return (_HEAD + "\n".join(lines) + "\n").encode()
