"""Log in to a server with ssh, trusting only the host keys that it printed on its console."""

import re
import subprocess
from collections.abc import Sequence

from localcloud.control.resources import connect
from localcloud.errors import NotFoundError, NotRunningError, ServiceError
from localcloud.host.layout import CloudLayout

#: cloud-init prints the public host keys between these lines.
_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)

#: The default user if the image names none.
_USER = "debian"


def run_ssh(layout: CloudLayout, node: str, user: str, arguments: Sequence[str]) -> int:
    """Run ssh to a server and return its exit status.

    Args:
        layout: the cloud.
        node: the server's name or id.
        user: the user to log in as; empty for the image's default user.
        arguments: passed to ssh.

    Raises:
        NotFoundError: the server does not exist.
        NotRunningError: the cloud is down.
        ServiceError: the server has no address, or has not printed its host keys yet.
    """
    if not layout.clouds_yaml.exists():
        raise NotRunningError(
            "there is no local cloud", where=str(layout.root), remedy="start one with `slurm-appliance cloud up`"
        )
    with connect(layout, admin=True) as admin:
        server = admin.compute.find_server(node, all_projects=True)
        if server is None:
            raise NotFoundError(f"unknown server {node!r}", remedy="list them with `openstack server list`")
        server = admin.compute.get_server(server.id)
        addresses = [entry["addr"] for network in server.addresses.values() for entry in network]
        image = admin.image.find_image(server.image.id) if server.image and server.image.id else None
        keys = host_keys(admin.compute.get_server_console_output(server.id)["output"] or "")
    if not addresses:
        raise ServiceError("has no address", where=node)
    if keys:
        trust(layout, server.id, keys)
    elif not is_trusted(layout, server.id):
        raise ServiceError(
            "has not printed its ssh host keys on its console yet",
            where=node,
            remedy="wait until it has booted; see `openstack console log show`",
        )
    login = user or (image.properties.get("os_admin_user") if image else None) or _USER
    return subprocess.run(ssh_command(layout, server.id, login, addresses[0], arguments), check=False).returncode


def ssh_command(layout: CloudLayout, server: str, user: str, address: str, arguments: Sequence[str]) -> list[str]:
    """The command line: ssh looks up the known key under the server's ID, whatever its address is."""
    options = {
        "UserKnownHostsFile": str(layout.known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": server,
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", *words, "-l", user, address, *arguments]


def host_keys(console: str) -> list[str]:
    """The public host keys of a server's last first boot, from its console log: type and key of each."""
    found = _KEYS.findall(console.replace("\r", ""))
    if not found:
        return []
    # Other programs also write to the console: anything may precede a key on its line.
    return [" ".join(match) for match in re.findall(r"((?:ssh|ecdsa)-\S+) (AAAA\S+)", found[-1])]


def is_trusted(layout: CloudLayout, server: str) -> bool:
    """Whether a key of the server is known; its console may have been truncated since it printed the keys."""
    known = layout.known_hosts.read_text().splitlines() if layout.known_hosts.exists() else []
    return any(line.startswith(f"{server} ") for line in known)


def trust(layout: CloudLayout, server: str, keys: Sequence[str]) -> None:
    """Replace the server's known host keys with these."""
    known = layout.known_hosts.read_text().splitlines() if layout.known_hosts.exists() else []
    kept = [line for line in known if not line.startswith(f"{server} ")]
    layout.known_hosts.write_text("\n".join([*kept, *(f"{server} {key}" for key in keys), ""]))
