"""ssh's options for the nodes, from the configuration's ``ssh`` section."""

import shlex
from pathlib import Path
from typing import Any

from slurm_appliance.config.access import SshAccess
from slurm_appliance.playbooks.text import Template, literal, rendered

_INVENTORY = "inventory_dir"
#: ``shlex`` does not change double quotes inside its quotes.
_HOME = 'lookup("env", "HOME")'
#: Placeholders, while the other options are escaped, for what Ansible fills in: the inventory is the same on every
#: operator's machine.
_PLACES = {"\0": f"{{{{ {_INVENTORY} }}}}/../known_hosts", "\1": f"{{{{ {_HOME} }}}}"}
_KNOWN_HOSTS, _HOME_FOLDER = _PLACES

#: ssh's default port.
_STANDARD_PORT = 22


def options(access: SshAccess, known_hosts: str, through: str | None = None, home: str | None = None) -> list[str]:
    """Arguments of ``ssh`` for nodes: checks host keys against our own file, and uses the bastion.

    The operator's own known_hosts has the bastion's key, as for any host that they log in to.

    Args:
        access: the configuration's section ``ssh``.
        known_hosts: the file of the nodes' host keys.
        through: address of a login node to use as a jump host if no bastion is set.
        home: what stands for ``~`` in paths of keys. Not given: this user's home directory.
    """
    arguments = _to_node(access, known_hosts, home)
    if access.bastion_host:
        arguments += ["-o", f"ProxyCommand={_bastion(access, home)}"]
    elif through:
        words = ["ssh", "-W", "%h:%p", "-q", "-p", str(access.port), *_to_node(access, known_hosts, home)]
        arguments += ["-o", f"ProxyCommand={shlex.join([*words, f'{access.user}@{through}'])}"]
    return arguments


def _to_node(access: SshAccess, known_hosts: str, home: str | None) -> list[str]:
    arguments = ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    if access.private_key_file:
        arguments += ["-o", "IdentitiesOnly=yes", "-i", _path(access.private_key_file, home)]
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


def _bastion(access: SshAccess, home: str | None = None) -> str:
    key = access.bastion_private_key_file or access.private_key_file
    words = ["ssh", "-W", "%h:%p", "-q"]
    if key:
        words += ["-o", "IdentitiesOnly=yes", "-i", _path(key, home)]
    return shlex.join([*words, f"{access.bastion_user or access.user}@{access.bastion_host}"])


def _path(text: str, home: str | None) -> str:
    if home is not None and text.startswith("~/"):
        return f"{home}{text[1:]}"
    return str(Path(text).expanduser())


def connection_variables(access: SshAccess, through: str | None = None) -> dict[str, Any]:
    """The same as Ansible variables, for the machine that Ansible runs on."""

    def escaped(word: str) -> str:
        word = literal(word)
        for place, template in _PLACES.items():
            word = word.replace(place, template)
        return word

    words = options(access, _KNOWN_HOSTS, through, _HOME_FOLDER)
    variables: dict[str, Any] = {
        "ansible_user": access.user,
        "ansible_port": access.port,
        "ansible_ssh_common_args": Template(shlex.join(map(escaped, words))),
    }
    return variables


def as_ansible_renders(arguments: str, inventory: Path) -> str:
    """The arguments of `connection_variables` on this machine, for programs that read an inventory without Ansible."""
    return rendered(arguments, {_INVENTORY: str(inventory), _HOME: str(Path.home())})
