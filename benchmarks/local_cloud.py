"""How long the local cloud takes and how much memory: one line a measurement, with the number to reach beside it.

Run as root in the checkout, with no other local cloud on the machine: ``python -m benchmarks.local_cloud``. It makes a
cloud with a state folder of its own and removes it in the end. What is slow to make once (packages, database template,
base image) is made beforehand and not measured.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openstack.connection import Connection

from benchmarks.timing import timed
from localcloud.compute import cgroups
from localcloud.control import lifecycle, process, resources, status
from localcloud.host.layout import CloudLayout
from localcloud.host.steps import Steps
from toolchain.paths import state_folder

#: How long a server may take until somebody can log in, in seconds, before the benchmark gives up.
LIMIT = 600.0


def report(what: str, value: float, unit: str, reach: float | None = None) -> None:
    """Print one measurement."""
    goal = "" if reach is None else f"(to reach: {reach:g}) {'ok' if value <= reach else 'MISSED'}"
    print(f"{what:<58} {value:8.1f} {unit:<3} {goal}".rstrip(), flush=True)


class Bench:
    """Servers of one user, and a key to log in with.

    Args:
        user: whose servers.
        folder: for the key.
    """

    def __init__(self, user: Connection, folder: Path) -> None:
        self.user = user
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        user.compute.create_keypair(name="bench", public_key=self.key.with_suffix(".pub").read_text())
        self.network: Any = user.network.create_network(name="bench")
        user.network.create_subnet(network_id=self.network.id, ip_version=4, cidr="10.78.0.0/16")
        self.group: Any = user.network.create_security_group(name="bench")
        user.network.create_security_group_rule(
            security_group_id=self.group.id, direction="ingress", ethertype="IPv4", protocol="tcp"
        )
        self.image: Any = user.image.find_image(resources.IMAGE, ignore_missing=False)
        self.flavor: Any = user.compute.find_flavor("slurm.small", ignore_missing=False)
        #: Seconds between two looks at one server; many are looked at less often, or looking is what is measured.
        self.interval = 0.2

    def create(self, name: str) -> Any:
        """A server that is ACTIVE."""
        server: Any = self.user.compute.create_server(
            name=name,
            image_id=self.image.id,
            flavor_id=self.flavor.id,
            key_name="bench",
            networks=[{"uuid": self.network.id}],
            security_groups=[{"name": self.group.id}],
        )
        return self.user.compute.wait_for_server(server, wait=int(LIMIT), interval=self.interval)

    def create_all(self, names: Sequence[str]) -> list[Any]:
        """Servers that can be logged in to, asked for at the same time."""

        def one(name: str) -> Any:
            server = self.create(name)
            self.log_in(server)
            return server

        self.interval = max(0.2, len(names) / 20)
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(one, names))

    def run(self, server: Any, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in a server."""
        address = next(iter(server.addresses.values()))[0]["addr"]
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=1"]
        ssh = ["ssh", "-q", "-i", str(self.key), "-o", "BatchMode=yes", *options, f"debian@{address}"]
        return subprocess.run([*ssh, command], capture_output=True, text=True, check=False)

    def settle(self, servers: Sequence[Any]) -> None:
        """Return when cloud-init has ended everywhere: it is no part of what a node needs."""
        for server in servers:
            self.run(server, "cloud-init status --wait")

    def log_in(self, server: Any, since: float | None = None) -> None:
        """Return when a server can be logged in to; after a moment: only when it has booted since."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            done = self.run(server, "cut -d. -f1 /proc/uptime")
            if done.returncode == 0 and (since is None or int(done.stdout) <= time.monotonic() - since + 1):
                return
            time.sleep(self.interval / 2)
        raise TimeoutError(f"{server.name} cannot be logged in to within {LIMIT:.0f} s")

    def rebuild(self, server: Any) -> None:
        """Rebuild a server with the image that it has and wait until it can be logged in to."""
        asked = time.monotonic()
        self.user.compute.rebuild_server(server, image=self.image.id)
        self.log_in(server, asked)

    def delete_all(self) -> None:
        """Delete every server and wait until all are gone."""
        servers = list(self.user.compute.servers())
        for server in servers:
            self.user.compute.delete_server(server)
        for server in servers:
            self.user.compute.wait_for_delete(server, wait=int(LIMIT), interval=self.interval)


def memory_of_a_node() -> float:
    """The mean memory of the nodes on this machine (PSS), in MiB."""
    layout = cgroups.host_layout()
    boot = process.boot_id()
    sums = []
    for name in cgroups.node_names(layout):
        pids = cgroups.NodeCgroups(name, layout).processes()
        sums.append(sum(process.Process(pid, 0, boot).proportional_memory() for pid in pids))
    return sum(sums) / len(sums) / 2**20


def measure(layout: CloudLayout, servers: int, folder: Path) -> None:
    """Measure a cloud that is made for it."""
    quiet = Steps(lambda _: None)
    report("cloud up, from the template, with base image upload", timed(lambda: lifecycle.up(layout, quiet)), "s", 40)
    report("memory of the control plane after its start", status.look(layout).memory_mb, "MiB", 1331)
    with resources.connect(layout) as user:
        bench = Bench(user, folder)
        report("first server, image not unpacked yet: create to ssh", timed(lambda: bench.create_all(["first"])), "s")
        report("one server: create to ssh", timed(lambda: bench.create_all(["one"])), "s", 10)
        bench.delete_all()
        names = [f"four-{number}" for number in range(4)]
        report("four servers at once: create to ssh", timed(lambda: bench.create_all(names)), "s", 18)
        four = list(user.compute.servers())
        bench.settle(four)
        report("memory of a node", memory_of_a_node(), "MiB", 30)
        report("rebuild to ssh, image unpacked", timed(lambda: bench.rebuild(four[0])), "s", 6)
        report("cloud down with four servers", timed(lambda: lifecycle.down(layout, quiet)), "s")
        start = time.monotonic()
        lifecycle.up(layout, quiet)
        for server in four:
            bench.log_in(server, start)
        report("cloud up until four servers are back on ssh", time.monotonic() - start, "s", 40)
        bench.delete_all()
        if servers:
            names = [f"many-{number:03}" for number in range(servers)]
            report(f"{servers} servers at once: create to ssh", timed(lambda: bench.create_all(names)), "s")
            bench.settle(list(user.compute.servers()))
            report(f"memory of a node, {servers} of them", memory_of_a_node(), "MiB", 30)
            report("memory of the control plane then", status.look(layout).memory_mb, "MiB", 1331)
            report(f"{servers} servers deleted", timed(bench.delete_all), "s")


def main() -> None:
    """Make a cloud, measure it, remove it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--servers", type=int, default=50, help="how many at once in the last measurement; 0 for none")
    servers = parser.parse_args().servers
    # Ended from outside, it still removes its cloud.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    layout = CloudLayout(state_folder("cloud-of-benchmark"))
    quiet = Steps(lambda _: None)
    lifecycle.reset(layout, quiet)
    try:
        # Makes whatever is made once, so that it is not measured.
        lifecycle.up(layout, quiet)
        lifecycle.reset(layout, quiet)
        with TemporaryDirectory() as folder:
            measure(layout, servers, Path(folder))
    finally:
        lifecycle.reset(layout, quiet)


if __name__ == "__main__":
    main()
