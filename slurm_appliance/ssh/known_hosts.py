"""The deploy host's known_hosts of one environment: whose key is believed, and when a new one is.

A server that was just created, or rebuilt with another image, has a key that nobody has seen: the first one that it
shows is believed, and said so. In any other case ssh itself compares, and a changed key ends in its refusal.
"""

import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slurm_appliance.playbooks.text import rendered
from slurm_appliance.ssh.known_keys import KnownKeys, known_name

#: Hosts that are asked at once.
_PARALLEL = 20
_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class SshHost:
    """A node that is connected to.

    Attributes:
        name: its inventory name.
        address: what its key is known by.
        port: of its ssh server.
        user: to log in as.
        arguments: ssh's, as in the inventory.
        identity: changes when the server, or its image, does: a new key is to be expected then.
    """

    name: str
    address: str
    port: int
    user: str
    arguments: tuple[str, ...]
    identity: str

    @classmethod
    def of(cls, name: str, variables: Mapping[str, Any], inventory: Path) -> "SshHost":
        """A host of an inventory folder."""
        common = rendered(str(variables.get("ansible_ssh_common_args", "")), "inventory_dir", str(inventory))
        return cls(
            name=name,
            address=str(variables["ansible_host"]),
            port=int(variables.get("ansible_port", 22)),
            user=str(variables.get("ansible_user", "root")),
            arguments=tuple(shlex.split(common)),
            identity=f"{variables.get('instance_id')} {variables.get('image_id')}",
        )

    def command(self, program: str) -> list[str]:
        """The ssh call that runs a program there, asking nobody for a password."""
        to = f"{self.user}@{self.address}"
        return ["ssh", "-o", "BatchMode=yes", "-p", str(self.port), *self.arguments, to, program]

    @property
    def is_behind(self) -> bool:
        """Whether it is reached through another host."""
        return any(argument.startswith("ProxyCommand=") for argument in self.arguments)

    @property
    def known_as(self) -> str:
        """How known_hosts names it."""
        return known_name(self.address, self.port)


def trust(
    hosts: Iterable[SshHost], known_hosts: Path, say: Callable[[str], None], *, limit: float, going: Callable[[], bool]
) -> None:
    """Bring known_hosts up to date for servers that are new or have a new image.

    Hosts that do not answer in time are left to Ansible, which reports them.

    Args:
        hosts: those to connect to.
        known_hosts: the file; a record of the servers lies beside it.
        say: takes a line for the operator.
        limit: seconds to wait for hosts that do not answer yet.
        going: False ends the wait.
    """
    known = KnownKeys(known_hosts)
    new = known.unknown(hosts)
    if not new:
        return
    end = time.monotonic() + limit
    # A node that others are reached through comes first: its key has to be known by then.
    for reached in ([host for host in new if not host.is_behind], [host for host in new if host.is_behind]):
        with ThreadPoolExecutor(_PARALLEL) as pool:
            shown = list(pool.map(lambda host: _shown(host, end, going), reached))
        for host, lines in zip(reached, shown, strict=True):
            if lines:
                rebuilt = known.add(host, [line.partition(" ")[2] for line in lines])
                say(f"{host.name}: {'has a new image' if rebuilt else 'is new'}, trusting its host key on first use")


def _shown(host: SshHost, end: float, going: Callable[[], bool]) -> list[str]:
    """The lines for known_hosts of the keys that a host shows; none if it does not answer before the end."""
    with TemporaryDirectory(prefix="slurm-appliance-") as folder:
        fresh = Path(folder, "known_hosts")
        # ssh itself, as ssh-keyscan knows no bastion; of an option that is given twice it takes the first.
        command = [
            "ssh", "-o", f"UserKnownHostsFile={fresh}", "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes",
            "-o", "HashKnownHosts=no", "-o", "UpdateHostKeys=no", "-o", f"ConnectTimeout={_CONNECT_SECONDS}",
            "-p", str(host.port), *host.arguments, f"{host.user}@{host.address}", "true",
        ]  # fmt: skip
        while going():
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            if ended.returncode == 0 or time.monotonic() > end:
                break
            time.sleep(1)
        return fresh.read_text().splitlines() if fresh.exists() else []
