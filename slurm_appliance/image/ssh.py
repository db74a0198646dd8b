"""ssh to a build server: separate keys, a host key known in advance, and nothing of the operator's ssh configuration.

The server's host key is generated here and passed in its user data, so that even the first connection is verified. It
is useless after the build: the image contains no host keys.
"""

import os
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.cloud.text import checked_address
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.machines import user_data
from slurm_appliance.image.spec import Ssh
from slurm_appliance.image.stop import Deadline

#: Timeout for ssh to respond after connecting, in seconds.
_CONNECT_TIMEOUT = 5
#: ssh's messages for an unexpected host key.
_OTHER_HOST = ("Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED")
#: Time in which an unexpected host key is attributed to an unfinished first boot, in seconds.
_OTHER_HOST_LIMIT = 120.0


@dataclass(frozen=True)
class SshTarget:
    """Keys and configuration for one build server.

    Attributes:
        config: ssh's configuration file.
        alias: the server's name in it.
    """

    config: Path
    alias: str

    @property
    def command(self) -> list[str]:
        """The ssh command that logs in."""
        return ["ssh", "-F", str(self.config), self.alias]

    @property
    def shown(self) -> str:
        """The same command as text, to copy."""
        return shlex.join(self.command)


def make_keys(folder: Path) -> str:
    """Create the login key and the host key in a private folder; return the server's user data."""
    folder.mkdir(mode=0o700)
    login, host = folder / "login", folder / "host"
    for path in (login, host):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "image build", "-f", str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return user_data(host.read_text(), _public(host), _public(login))


def write_config(folder: Path, alias: str, address: str, ssh: Ssh) -> Path:
    """Write ssh's configuration for a server with a known address.

    Raises:
        CloudTextError: the address is malformed: a second line in it would be an option of ssh.
    """
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"{alias} {' '.join(_public(folder / 'host').split()[:2])}\n")
    lines = [
        f"Host {alias}",
        f"  HostName {checked_address(address, f'{alias}, its address')}",
        f"  Port {ssh.port}",
        f"  User {ssh.user}",
        f"  IdentityFile {_quoted(folder / 'login')}",
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        f"  UserKnownHostsFile {_quoted(known_hosts)}",
        "  GlobalKnownHostsFile /dev/null",
        f"  HostKeyAlias {alias}",
        "  HostKeyAlgorithms ssh-ed25519",
        *(["  ProxyJump bastion"] if ssh.bastion_host else []),
    ]
    if ssh.bastion_host:
        lines += ["Host bastion", f"  HostName {ssh.bastion_host}"]
        lines += [f"  User {ssh.bastion_user}"] if ssh.bastion_user else []
        lines += [f"  IdentityFile {_quoted(ssh.bastion_key_file)}"] if ssh.bastion_key_file else []
    lines += [
        "Host *",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
        "  BatchMode yes",
        "  ForwardAgent no",
        f"  ConnectTimeout {_CONNECT_TIMEOUT}",
    ]
    config = folder / "config"
    config.write_text("\n".join(lines) + "\n")
    return config


def wait(ssh_target: SshTarget, deadline: Deadline, limit: float) -> None:
    """Wait until login works.

    Raises:
        BuildError: login did not work in time, or another host responds.
    """
    said = ""
    other_since: float | None = None

    def logged_in() -> bool:
        nonlocal said, other_since
        command = [*ssh_target.command, "true"]
        try:
            ended = subprocess.run(
                command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30
            )
        except subprocess.TimeoutExpired:
            said = "ssh did not respond within 30 s"
            return False
        if ended.returncode == 0:
            return True
        said = ended.stderr.strip().rpartition("\n")[2]
        other_since = (other_since or time.monotonic()) if any(text in ended.stderr for text in _OTHER_HOST) else None
        if other_since is not None and time.monotonic() - other_since > _OTHER_HOST_LIMIT:
            raise BuildError(
                "the server's host key differs from the one it was created with",
                where=ssh_target.alias,
                remedy="another machine has its address, or its image ignores cloud-init's ssh_keys",
            )
        return False

    try:
        deadline.until(logged_in, limit=limit, pause=0.5, on_time_out=lambda: said or "nothing")
    except TimeoutError as error:
        raise BuildError(f"no ssh within {limit:.0f} s; last error: {error}", where=ssh_target.alias) from error


def _public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text().strip()


def _quoted(path: Path | str) -> str:
    return f'"{os.fspath(path)}"'
