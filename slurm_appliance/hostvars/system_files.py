"""Files of settings that are the same for all nodes and may be too large for a node's variables. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from slurm_appliance.config.naming import CONTROL

#: Reached without a proxy by every node: itself, and the cloud's metadata service.
_ALWAYS = ("localhost", "127.0.0.1", "::1", "169.254.169.254")


def system_files(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """The files by name: only those of settings that the inventory has. No secret is in them.

    Args:
        hosts: all hosts' variables by name.
    """
    given = next(iter(hosts.values()), {})
    files = {}
    if given.get("proxy"):
        files["no_proxy"] = ",".join(_without_proxy(hosts, given)).encode()
    if given.get("cacerts"):
        files["cacerts.json"] = json.dumps(given["cacerts"]).encode()
    return files


def _without_proxy(hosts: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> Iterable[str]:
    """Names and domains, since most programs do not look addresses up; and networks, for those that do."""
    controls = [each for each in hosts.values() if CONTROL in each.get("group_names", ())]
    full = sorted(str(each.get("node_fqdn", name)) for name, each in hosts.items())
    domains = {f".{domain}" for name in full if (domain := name.partition(".")[2])}
    found = [
        *_ALWAYS,
        *sorted(str(each["ansible_host"]) for each in controls),
        *(str(subnet["cidr"]) for subnet in given.get("cluster_subnets", ())),
        *sorted(domains),
        *sorted({*hosts, *(name for name in full if "." not in name)}),
        *map(str, given["proxy"]["no_proxy"]),
    ]
    return dict.fromkeys(found)
