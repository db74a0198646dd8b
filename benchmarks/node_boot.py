"""The last boot of each compute node of a running cluster, from its first line in the journal until Slurm has it.

``python -m benchmarks.node_boot [STACK]`` (``local``, the demo's, without one). Best after a rollout, as every boot is
then the first of a new image. Seconds, split where compute-init says that a part is over: boot (until compute-init
starts), fetch (host variables), roles, slurmd (until it is registered). Times are the node's own.
"""

import argparse
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, replace
from itertools import pairwise
from statistics import median

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.hostvars.inventory import members, read_inventory
from slurm_appliance.playbooks.run import ANSIBLE
from slurm_appliance.ssh.known_hosts import SshHost

#: Where each part ends: what the first such line of the boot contains.
_ENDS = ("compute-init: fetch", "compute-init: compute-init.yml", "TASK [slurmd : Rejoin Slurm]", "compute-init: done:")
#: As in site.yml: a compute node has a new host key after each rebuild, and is told nothing.
_ANY_KEY = ("-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR")
_JOURNAL = "sudo -n journalctl --boot --no-pager --output short-unix"


@dataclass(frozen=True)
class Split:
    """Seconds of one boot."""

    boot: float
    fetch: float
    roles: float
    slurmd: float


def split(first: str, journal: str) -> Split:
    """The parts of a boot.

    Args:
        first: the first line of the boot's journal.
        journal: compute-init's lines, each with seconds since the epoch in front.

    Raises:
        ValueError: it has no line that ends a part: the node has not set itself up in this boot.
    """
    moments = [float(first.split()[0])]
    for end in _ENDS:
        line = next((line for line in journal.splitlines() if end in line), "")
        if not line:
            raise ValueError(f"its journal has no line with {end!r}")
        moments.append(float(line.split()[0]))
    return Split(*(after - before for before, after in pairwise(moments)))


def look(host: SshHost) -> Split:
    """The split of a node's last boot."""
    script = f"{_JOURNAL} | head -1; {_JOURNAL} --unit compute-init"
    host = replace(host, arguments=(*_ANY_KEY, *host.arguments))
    said = subprocess.run(host.command(script), check=True, capture_output=True, text=True, timeout=120).stdout
    first, _, journal = said.partition("\n")
    return split(first, journal)


def main() -> None:
    """Print one line a node, and the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", nargs="?", default="local")
    environment = EnvironmentFolder.of(parser.parse_args().stack)
    hosts = read_inventory(environment.inventory, ANSIBLE)
    nodes = [SshHost.of(name, hosts[name], environment.inventory) for name in members(hosts, "compute")]
    with ThreadPoolExecutor(16) as pool:
        found = dict(zip((node.name for node in nodes), pool.map(look, nodes), strict=True))
    names = [each.name for each in fields(Split)]
    print(f"{'node':<24}" + "".join(f"{name:>8}" for name in [*names, "all"]))
    middle = Split(*(median(part) for part in zip(*(astuple(each) for each in found.values()), strict=True)))
    for name, each in [*found.items(), ("median", middle)]:
        print(f"{name:<24}" + "".join(f"{part:8.1f}" for part in [*astuple(each), sum(astuple(each))]))


if __name__ == "__main__":
    main()
