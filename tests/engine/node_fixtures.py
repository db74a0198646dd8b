"""Servers for tests to log in to: a key, an open security group, two servers that many tests share."""

import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from tests.engine.cloud_fixtures import IMAGE, PATIENCE, remove_server, wait_until

#: The base image's own user, who may use sudo.
USER = "debian"


@dataclass(frozen=True)
class Login:
    """A way into servers.

    Attributes:
        key: the private key's file.
        user: who logs in.
    """

    key: Path
    user: str = USER

    def run(self, address: str, command: str, limit: float = 30) -> "subprocess.CompletedProcess[str]":
        """Run a shell command as root in a server and return how it ended; 255 is ssh's own failure."""
        return self._ssh(address, "sudo sh", command, limit)

    def shell(self, address: str, command: str, limit: float = 30) -> "subprocess.CompletedProcess[str]":
        """Run a shell command as the user who logs in; 255 is ssh's own failure."""
        return self._ssh(address, command, "", limit)

    def _ssh(self, address: str, command: str, stdin: str, limit: float) -> "subprocess.CompletedProcess[str]":
        options = {
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            # Rebuilds change host keys at will here; what is checked is that keys are printed on the console.
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            # Covers the first line of the server, too, which an emulated processor may not send at once.
            "ConnectTimeout": str(round(2 * PATIENCE)),
            # A machine that is powered off says nothing to those who are connected.
            "ServerAliveInterval": "10",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            ["ssh", *words, f"{self.user}@{address}", command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit * PATIENCE,
        )

    def wait(self, address: str, command: str = "true", limit: float = 90) -> str:
        """Run a command as soon as a server can be logged in to, and return what it printed; it must succeed."""
        done = wait_until(f"ssh to {address}", lambda: self._answer(address, command), limit * PATIENCE)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return str(done.stdout).strip()

    def _answer(self, address: str, command: str) -> "subprocess.CompletedProcess[str] | None":
        done = self.run(address, command)
        return None if done.returncode == 255 else done

    def settled(self, address: str) -> None:
        """Wait until cloud-init in a server has done all that it does.

        2 is a recoverable error: Debian 13's DHCP client, which cloud-init starts before the network is up, needs to
        write to /proc/sys and cannot do so in a container. cloud-init then reads the metadata once the network is up.
        """
        self.wait(
            address, "cloud-init status --wait >/dev/null || [ $? -eq 2 ] || { cloud-init status --long; false; }"
        )

    def wait_for_boot(self, address: str, since: float, limit: float = 90) -> None:
        """Wait until a server has booted after a moment (``time.monotonic()``): its uptime tells."""

        def booted() -> bool:
            done = self.run(address, "cut -d. -f1 /proc/uptime")
            return done.returncode == 0 and int(done.stdout) <= time.monotonic() - since + 1

        wait_until(f"a boot of {address}", booted, limit * PATIENCE)


@pytest.fixture(scope="session")
def login(user: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    """A key that the cloud knows as `KEY`."""
    key = tmp_path_factory.mktemp("ssh") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    user.compute.delete_keypair(KEY, ignore_missing=True)
    user.compute.create_keypair(name=KEY, public_key=key.with_suffix(".pub").read_text())
    yield Login(key)
    user.compute.delete_keypair(KEY)


#: Name of the key pair, and of the security group that lets ssh and ping in.
KEY = "test-nodes"


@pytest.fixture(scope="session")
def open_group(user: Connection) -> Iterator[str]:
    """A security group that lets ssh and ping in; its name is its id, so that no other run's is meant."""
    group: Any = user.network.create_security_group(name=f"{KEY}-{uuid.uuid4().hex[:6]}")
    common = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv4"}
    user.network.create_security_group_rule(**common, protocol="tcp", port_range_min=22, port_range_max=22)
    user.network.create_security_group_rule(**common, protocol="icmp")
    yield group.id
    user.network.delete_security_group(group.id)


@dataclass
class Made:
    """Makes servers, and removes them all in the end.

    Attributes:
        user: whose they are.
        network: the network that they get unless another is named.
        group: the security group that they get.
    """

    user: Connection
    network: Any
    group: str

    def __post_init__(self) -> None:
        self._ids: list[str] = []

    def start(self, name: str, **options: Any) -> Any:
        """Ask for a server; it is not there yet."""
        image: Any = self.user.image.find_image(IMAGE, ignore_missing=False)
        flavor: Any = self.user.compute.find_flavor("slurm.small", ignore_missing=False)
        arguments = {
            "name": name,
            "flavor_id": flavor.id,
            "image_id": image.id,
            "key_name": KEY,
            "networks": [{"uuid": self.network.id}],
            "security_groups": [{"name": self.group}],
            **options,
        }
        server: Any = self.user.compute.create_server(**{k: v for k, v in arguments.items() if v is not None})
        self._ids.append(server.id)
        return server

    def ready(self, server: Any, status: str = "ACTIVE") -> Any:
        """A server that has come to a status."""
        return self.user.compute.wait_for_server(server, status=status, wait=120 * PATIENCE, interval=0.2)

    def make(self, name: str, **options: Any) -> Any:
        """A server that is ACTIVE."""
        return self.ready(self.start(name, **options))

    def remove(self) -> None:
        """Remove every server that was made, all at the same time."""
        for identity in self._ids:
            self.user.compute.delete_server(identity, ignore_missing=True)
        for identity in self._ids:
            remove_server(self.user, identity)


@pytest.fixture
def made(user: Connection, network: Any, open_group: str, login: Login) -> Iterator[Made]:  # noqa: ARG001 - the key
    """Makes servers for one test."""
    maker = Made(user, network, open_group)
    try:
        yield maker
    finally:
        maker.remove()


@pytest.fixture(scope="session")
def shared(user: Connection, network: Any, open_group: str, login: Login) -> Iterator[tuple[Any, Any]]:
    """Two servers that tests share: every test leaves them running, with the base image, reachable by ssh."""
    maker = Made(user, network, open_group)
    try:
        servers = [maker.start(name) for name in ("shared-one", "shared-two")]
        ready = [maker.ready(server) for server in servers]
        for server in ready:
            login.settled(address(server))
        yield ready[0], ready[1]
    finally:
        maker.remove()


@pytest.fixture
def one(shared: tuple[Any, Any]) -> Any:
    """The first of the shared servers."""
    return shared[0]


@pytest.fixture
def two(shared: tuple[Any, Any]) -> Any:
    """The second of the shared servers."""
    return shared[1]


@contextmanager
def image_of(user: Connection, server: Any, name: str) -> Iterator[Any]:
    """An image of a server that is active."""
    image: Any = user.compute.create_server_image(server, name)
    try:
        wait_until(f"image {name}", lambda: user.image.get_image(image.id).status == "active", 120)
        yield user.image.get_image(image.id)
    finally:
        user.image.delete_image(image.id)


@pytest.fixture(scope="session")
def image_of_one(user: Connection, shared: tuple[Any, Any], login: Login) -> Iterator[Any]:
    """An image of the first shared server, made while it ran, with things in it that are easily lost on the way."""
    at = address(shared[0])
    login.wait(at, "echo mine >/etc/marker; chown 12345:54321 /etc/marker; ln -f /etc/marker /etc/linked")
    login.wait(at, "setcap cap_net_raw+ep /usr/bin/less; rm -rf /usr/share/doc/curl; sync")
    with image_of(user, shared[0], "of-one") as image:
        yield image


def address(server: Any) -> str:
    """The first fixed address of a server that is ACTIVE."""
    return str(next(iter(server.addresses.values()))[0]["addr"])


def status_of(user: Connection, server: Any) -> str:
    """A server's status now."""
    now: Any = user.compute.get_server(server.id)
    return str(now.status)
