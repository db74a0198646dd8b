"""ssh's options for the nodes, from the configuration's ``ssh`` section."""

import shlex
from pathlib import Path
from typing import Any

from slurm_appliance.config.access import SshAccess
from slurm_appliance.playbooks.text import Template, literal

#: The nodes' host keys, relative to the inventory; Ansible fills in the inventory's folder.
KNOWN_HOSTS = "{{ inventory_dir }}/../known_hosts"
#: A placeholder for it while the other options are escaped.
_PLACE = "\0"

#: ssh's default port.
_STANDARD_PORT = 22


def options(access: SshAccess, known_hosts: str, through: str | None = None) -> list[str]:
    """Arguments of ``ssh`` for nodes: checks host keys against our own file, and uses the bastion.

    The operator's own known_hosts has the bastion's key, as for any host that they log in to.

    Args:
        access: the configuration's section ``ssh``.
        known_hosts: the file of the nodes' host keys.
        through: address of a login node to use as a jump host if no bastion is set.
    """
    arguments = _to_node(access, known_hosts)
    if access.bastion_host:
        arguments += ["-o", f"ProxyCommand={_bastion(access)}"]
    elif through:
        words = ["ssh", "-W", "%h:%p", "-q", "-p", str(access.port), *_to_node(access, known_hosts)]
        arguments += ["-o", f"ProxyCommand={shlex.join([*words, f'{access.user}@{through}'])}"]
    return arguments


def _to_node(access: SshAccess, known_hosts: str) -> list[str]:
    arguments = ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    if access.private_key_file:
        arguments += ["-o", "IdentitiesOnly=yes", "-i", _path(access.private_key_file)]
    return arguments


def login_command(access: SshAccess, address: str) -> str:
    """The command to log in to a node; the first time, ssh asks to confirm its host key."""
    words = ["ssh"]
    if access.port != _STANDARD_PORT:
        words += ["-p", str(access.port)]
    if access.private_key_file:
        words += ["-i", access.private_key_file]
    if access.bastion_host:
        words += ["-o", f"ProxyCommand={_bastion(access)}"]
    # The ~ of a path is for the shell: do not quote it.
    quoted = [f"~/{shlex.quote(word[2:])}" if word.startswith("~/") else shlex.quote(word) for word in words]
    return " ".join([*quoted, shlex.quote(f"{access.user}@{address}")])


def _bastion(access: SshAccess) -> str:
    key = access.bastion_private_key_file or access.private_key_file
    words = ["ssh", "-W", "%h:%p", "-q"]
    if key:
        words += ["-o", "IdentitiesOnly=yes", "-i", _path(key)]
    return shlex.join([*words, f"{access.bastion_user or access.user}@{access.bastion_host}"])


def _path(text: str) -> str:
    return str(Path(text).expanduser())


def connection_variables(access: SshAccess, through: str | None = None) -> dict[str, Any]:
    """The same as Ansible variables."""
    variables: dict[str, Any] = {
        "ansible_user": access.user,
        "ansible_port": access.port,
        "ansible_ssh_common_args": Template(
            shlex.join(literal(each).replace(_PLACE, KNOWN_HOSTS) for each in options(access, _PLACE, through))
        ),
    }
    return variables
