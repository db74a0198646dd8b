"""What all nodes share, rendered once on the deploy host: names, the archive of compute nodes' variables, keys.

``python -m slurm_appliance.site.files INVENTORY CONTROL FOLDER`` writes it; ``site.yml`` calls that, so that the
playbook does the same whoever runs it. One process, whatever the number of nodes; the same bytes for the same cluster.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node.compute_init.share import STATE_DIR
from slurm_appliance.deploy_host.process import run_reporting_errors
from slurm_appliance.hostvars.allowed import node_roles
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.hosts_file import hosts_file
from slurm_appliance.hostvars.inventory import compute_nodes, read_inventory
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.secrets.generate import MAKERS
from toolchain.paths import REPOSITORY

PLAYBOOKS = REPOSITORY / "ansible"
#: Another one in each run, as it has the time: the control node says what of it is new.
_EXPORT = "export.tar.gz"
#: What compute nodes must not have: all secrets but the one that Slurm's daemons trust each other by, and the control
#: node's credential for the cloud, which is a secret that the cloud makes.
FORBIDDEN = frozenset(MAKERS) - {"munge_key"} | {"reboot_cloud"}


def site_files(
    hosts: Mapping[str, Mapping[str, Any]],
    *,
    home_key: bytes,
    known_hosts: bytes,
    signing_key: SigningKey,
    serial: int,
    playbooks: Path = PLAYBOOKS,
) -> dict[str, bytes]:
    """The files by name.

    Args:
        hosts: all hosts' variables by name.
        home_key: private key that opens home directories on the control node, where nodes mount them over ssh.
        known_hosts: the control node's host keys.
        signing_key: signs the nodes' bundles.
        serial: when this is, in seconds since 1970.
        playbooks: folder of the roles.
    """
    names = hosts_file(
        (str(variables["ansible_host"]), str(variables.get("node_fqdn", name)), name)
        for name, variables in hosts.items()
    )
    nodes = compute_nodes(hosts, node_roles(playbooks / "roles"))
    shared = {"hosts": names, "home_key": home_key, "ssh_known_hosts": known_hosts}
    exported = archive(
        export_files(nodes, shared, key=signing_key, serial=serial, forbidden=FORBIDDEN, state_dir=_state_dir(hosts))
    )
    public = f"{signing_key.public}\n".encode()
    programs = {
        f"{folder.parent.parent.name}.pyz": zip_program(folder)
        for folder in sorted(playbooks.glob("roles/*/files/program"))
    }
    files = {"hosts": names, "ssh_known_hosts": known_hosts, "bundle_key.pub": public, _EXPORT: exported}
    return files | programs


def zip_program(folder: Path) -> bytes:
    """A folder with a ``__main__.py`` as one file that Python runs; the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_file:
        for path in sorted(Path(name, each) for name, _, files in os.walk(folder, followlinks=True) for each in files):
            if path.suffix == ".py":
                archive_file.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    return packed.getvalue()


def signing_key(hosts: Mapping[str, Mapping[str, Any]], control: str) -> SigningKey:
    """The key that bundles are signed with, among the inventory's secrets.

    Raises:
        HostVariablesError: it is not there, or is none.
    """
    secret = hosts[control].get("bundle_signing_key")
    if not isinstance(secret, str):
        raise HostVariablesError(
            "the inventory has no bundle_signing_key, which signs the bundles of compute nodes",
            where=control,
            remedy="run pulumi up, or ansible/adhoc/generate-passwords.yml if you manage the secrets yourself",
        )
    return SigningKey(secret)


def _state_dir(hosts: Mapping[str, Mapping[str, Any]]) -> str:
    """Where the control node mounts its state volume: a variable of all hosts."""
    return next((str(variables["state_dir"]) for variables in hosts.values() if "state_dir" in variables), STATE_DIR)


def home_key(folder: Path) -> bytes:
    """The private key in a folder, made there with its public one where there is none."""
    path = folder / "home_key"
    if not path.exists():
        command = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "slurm-appliance home directories",
            "-f",
            str(path),
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()


def write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write what changed, each file whole, for the owner only; returns the names of those."""
    changed = []
    for name, content in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() == content:
            continue
        descriptor, fresh = tempfile.mkstemp(dir=folder, prefix=".writing-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(fresh).replace(path)
        changed.append(name)
    return changed


def control_known_hosts(public_key: bytes, *names: str) -> bytes:
    """The control node's host key as a line of known_hosts."""
    kind, key = public_key.split()[:2]
    return b" ".join([",".join(names).encode(), kind, key]) + b"\n"


def main(arguments: list[str]) -> int:
    """Render an inventory's files into a folder, which has the control node's public host key already."""
    inventory, folder = Path(arguments[0]), Path(arguments[2])
    control = arguments[1]
    hosts = read_inventory(inventory, PLAYBOOKS)
    public_key = (folder / "control_host_key.pub").read_bytes()
    known_hosts = control_known_hosts(public_key, str(hosts[control]["ansible_host"]), control)
    files = site_files(
        hosts,
        home_key=home_key(folder),
        known_hosts=known_hosts,
        signing_key=signing_key(hosts, control),
        serial=int(time.time()),
    )
    print(json.dumps({"changed": [name for name in write(folder, files) if name != _EXPORT]}))
    return 0


if __name__ == "__main__":
    sys.exit(run_reporting_errors(lambda: main(sys.argv[1:])))
