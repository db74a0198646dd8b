"""The demo: creates a cluster on the local cloud that runs a job, and deletes it. Each step can be repeated.

Its second half, `rollout`, changes the cluster's image.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud.control import lifecycle
from localcloud.control.shell import variables
from localcloud.host.layout import CloudLayout
from localcloud.host.steps import Steps
from slurm_appliance.deployment import operations
from slurm_appliance.deployment.session import Session, open_session
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.hostvars.inventory import members, read_inventory
from slurm_appliance.playbooks.run import ANSIBLE
from slurm_appliance.site_repository.place import OWN_STACKS
from slurm_appliance.ssh import options as ssh_options
from slurm_appliance.ssh.known_hosts import SshHost

#: The stack: stacks/Pulumi.local.yaml.
STACK = "local"
#: Timeout of the demo's job in seconds.
_JOB_LIMIT = 180.0


class DemoError(ApplianceError):
    """Raised when the demo's cluster exists but does not work as expected."""


def bring_up(say: Callable[[str], None], stacks: Path = OWN_STACKS) -> Session:
    """Cloud, image, cluster, job.

    Args:
        say: prints a line.
        stacks: the folder of the stack file.

    Raises:
        CloudError: the local cloud does not start.
        ConfigError: the cluster cannot be created.
        EngineError: a resource failed.
        DemoError: the job does not run.
    """
    session = open_session(STACK, say, stacks=stacks)
    make_key(session, say)
    say("== a cloud on this machine ==")
    layout = CloudLayout.of_user()
    lifecycle.up(layout, Steps(say))
    os.environ.update(variables(layout))
    say("== an image and a cluster ==")
    operations.up(session, lambda _plan: True)
    say("== a job on both compute nodes, as an ordinary user ==")
    nodes = sum(len(group.nodes) for group in session.config.compute.values())
    entrance = Entrance.of(session)
    command = f"srun --immediate=60 --nodes={nodes} sh -c 'echo $(hostname): $(id -un)'"
    say(entrance.shown(command, entrance.run(command)))
    return session


def take_down(say: Callable[[str], None]) -> None:
    """Delete the cluster with its volumes, then the cloud with its data. The key and the caches stay."""
    layout = CloudLayout.of_user()
    session = open_session(STACK, say)
    if layout.clouds_yaml.exists() and session.deployment().get("resources"):
        lifecycle.up(layout, Steps(say))
        os.environ.update(variables(layout))
        operations.destroy(session, lambda _what: True, delete_volumes=True)
    lifecycle.reset(layout, Steps(say))


def make_key(session: Session, say: Callable[[str], None]) -> None:
    """Create the stack's ssh key if it is missing.

    Raises:
        DemoError: ssh-keygen fails.
    """
    named = session.config.ssh.private_key_file
    path = Path(named or "~/.ssh/id_ed25519").expanduser()
    if path.exists():
        return
    say(f"creating the demo's ssh key {path}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "slurm-appliance demo", "-f", str(path)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise DemoError(f"ssh-keygen failed: {ended.stderr.strip()}", where=str(path))


@dataclass(frozen=True)
class Entrance:
    """The demo's login node, used as the configuration's first user.

    Attributes:
        host: the node.
        user: the user's name.
    """

    host: SshHost
    user: str

    @classmethod
    def of(cls, session: Session) -> "Entrance":
        """The login node of a running cluster."""
        inventory = EnvironmentFolder.of(STACK).inventory
        hosts = read_inventory(inventory, ANSIBLE)
        name = members(hosts, "login")[0]
        return cls(SshHost.of(name, hosts[name], inventory), next(iter(session.config.users)))

    def run(self, command: str) -> str:
        """Run a command and return its output.

        Raises:
            DemoError: it fails or times out.
        """
        call = self.host.command(f"sudo -n -u {self.user} {command}")
        try:
            ended = subprocess.run(
                call, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_JOB_LIMIT, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise DemoError(f"{command} timed out after {_JOB_LIMIT:.0f} s", where=self.host.name) from error
        if ended.returncode:
            raise DemoError(
                f"{command} failed: {ended.stderr.strip()}",
                where=self.host.name,
                remedy="run check-cluster for details",
            )
        return ended.stdout.rstrip()

    def shown(self, command: str, printed: str) -> str:
        """A command and its output, as a terminal would show them."""
        return f"{self.user}@{self.host.name}$ {command}\n{printed}"


def login_command(session: Session) -> str:
    """The command to log in to the login node."""
    return ssh_options.login_command(session.config.ssh, session.stack.outputs()["login"].value[0])
