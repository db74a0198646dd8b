"""The deploy host's known_hosts of one environment: which keys are trusted, and when new ones are accepted.

A server that is new, or was rebuilt with another image, has an unknown key: it is trusted on first use, and this is
reported. Otherwise ssh itself compares keys, and rejects a changed one.
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

from slurm_appliance.ssh.known_keys import KnownKeys, known_name
from slurm_appliance.ssh.options import as_ansible_renders

#: Number of hosts queried in parallel.
_PARALLEL = 20
_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class SshHost:
    """A node to connect to.

    Attributes:
        name: its inventory name.
        address: the address in known_hosts.
        port: port of its ssh server.
        user: user to log in as.
        arguments: ssh's arguments, from the inventory.
        identity: changes with the server or its image: then a new key is expected.
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
        common = as_ansible_renders(str(variables.get("ansible_ssh_common_args", "")), inventory)
        return cls(
            name=name,
            address=str(variables["ansible_host"]),
            port=int(variables.get("ansible_port", 22)),
            user=str(variables.get("ansible_user", "root")),
            arguments=tuple(shlex.split(common)),
            identity=f"{variables.get('instance_id')} {variables.get('image_id')}",
        )

    def command(self, program: str) -> list[str]:
        """The ssh command that runs a program there, without password prompts."""
        to = f"{self.user}@{self.address}"
        return ["ssh", "-o", "BatchMode=yes", "-p", str(self.port), *self.arguments, to, program]

    @property
    def is_behind(self) -> bool:
        """Whether it is reached through a jump host."""
        return any(argument.startswith("ProxyCommand=") for argument in self.arguments)

    @property
    def known_as(self) -> str:
        """Its name in known_hosts."""
        return known_name(self.address, self.port)


def trust(
    hosts: Iterable[SshHost], known_hosts: Path, say: Callable[[str], None], *, limit: float, going: Callable[[], bool]
) -> None:
    """Update known_hosts for servers that are new or have a new image.

    Ansible reports hosts that do not respond in time.

    Args:
        hosts: the hosts to connect to.
        known_hosts: the file; a record of the servers is next to it.
        say: prints a line for the operator.
        limit: timeout for hosts that do not respond yet, in seconds.
        going: False stops the wait.
    """
    known = KnownKeys(known_hosts)
    new = known.unknown(hosts)
    if not new:
        return
    end = time.monotonic() + limit
    # Jump hosts come first, because their keys must be known for the others.
    for reached in ([host for host in new if not host.is_behind], [host for host in new if host.is_behind]):
        with ThreadPoolExecutor(_PARALLEL) as pool:
            shown = list(pool.map(lambda host: _shown(host, end, going), reached))
        for host, lines in zip(reached, shown, strict=True):
            if lines:
                rebuilt = known.add(host, [line.partition(" ")[2] for line in lines])
                say(f"{host.name}: {'has a new image' if rebuilt else 'is new'}, trusting its host key on first use")


def _shown(host: SshHost, end: float, going: Callable[[], bool]) -> list[str]:
    """The known_hosts lines of a host's keys; empty if it does not respond in time."""
    with TemporaryDirectory(prefix="slurm-appliance-") as folder:
        fresh = Path(folder, "known_hosts")
        # Use ssh itself, because ssh-keyscan does not support bastions; the first of two equal options counts.
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
