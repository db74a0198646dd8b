"""libvirtd, without systemd, D-Bus and polkit: a process of the cloud like its services."""

import pwd
import socket
import subprocess
import uuid
from pathlib import Path

from localcloud.control import process
from localcloud.control.files import tail, write_private
from localcloud.errors import MachineError, ServiceError
from localcloud.host.layout import CloudLayout
from localcloud.host.programs import program
from localcloud.host.steps import Steps
from localcloud.host.waiting import wait_for
from localcloud.virtual import folders

#: The name of its process and log.
NAME = "libvirtd"

#: Timeout for it to answer, in seconds: the first time, it asks QEMU what it can do.
LIMIT = 60.0

#: The user that Debian's QEMU driver must know, even if it is configured to run QEMU as another one.
USER = "libvirt-qemu"

#: Where every client looks for it.
SOCKET = Path("/run/libvirt/libvirt-sock")


def configuration(layout: CloudLayout) -> str:
    """The text of libvirtd.conf."""
    # The machine's own ID may be missing, or the same on its copies.
    identity = uuid.uuid5(uuid.NAMESPACE_URL, layout.root.as_uri())
    return (
        'unix_sock_group = "root"\nunix_sock_rw_perms = "0700"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n'
        f'host_uuid = "{identity}"\nlog_outputs = "3:stderr"\n'
    )


def start(layout: CloudLayout, steps: Steps) -> None:
    """Start it and wait until it answers.

    Raises:
        MachineError: the machine has a libvirt of its own.
        ServiceError: it does not answer; has the end of its log.
    """
    _add_user(steps)
    folders.link(layout.libvirt)
    SOCKET.unlink(missing_ok=True)
    file = layout.etc / "libvirtd.conf"
    write_private(file, configuration(layout))
    command = [program("libvirtd"), "--config", str(file), "--pid-file", str(layout.run / "libvirtd.pid")]
    server = process.start(layout, NAME, command)
    if not wait_for(lambda: not server.alive or _answers(), LIMIT) or not server.alive:
        raise ServiceError(
            f"did not respond within {LIMIT:.0f} s" if server.alive else "exited during startup",
            where=NAME,
            evidence=tail(layout.service_log(NAME)),
            remedy=f"see the whole log with `slurm-appliance cloud logs {NAME}`",
        )


def _answers() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(SOCKET))
        except OSError:
            return False
    return True


def _add_user(steps: Steps) -> None:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        steps.note(f"adding the system user {USER}, which libvirtd does not start without")
        command = [program("useradd"), "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        done = subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", USER], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MachineError(f"the system user {USER} cannot be added", evidence=done.stderr) from None
