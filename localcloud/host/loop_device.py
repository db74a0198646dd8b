"""Loop devices: a volume's file as a block device of the host."""

import json
import os
import threading
from pathlib import Path

from localcloud.host.command import HostError, run
from localcloud.host.waiting import wait_for

#: ``losetup --find`` and the attachment are two steps.
_LOCK = threading.Lock()


def find(file: str | Path) -> str | None:
    """The loop device of a file: ``/dev/loop5``, or None."""
    found = run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE", "--associated", str(file)])
    devices = json.loads(found)["loopdevices"] if found.strip() else []
    return str(devices[0]["name"]) if devices else None


def attach(file: str | Path) -> str:
    """Attach a file and return its device; an attached file keeps its device.

    Raises:
        HostError: the file is missing, or the kernel has no free loop device.
    """
    if not Path(file).exists():
        raise HostError(
            "the volume's file does not exist",
            where=str(file),
            remedy="check the volume in Cinder: openstack volume show",
        )
    with _LOCK:
        return find(file) or run(["losetup", "--find", "--show", str(file)]).strip()


def resize(file: str | Path) -> None:
    """Update the device's size after its file grew."""
    device = find(file)
    if device:
        run(["losetup", "--set-capacity", device])


def detach(file: str | Path, limit: float = 15.0) -> None:
    """Detach a file's device; wait while a stopping server still has it mounted.

    Raises:
        HostError: it is still in use after `limit` seconds.
    """
    device = find(file)
    if device is None:
        return
    run(["losetup", "--detach", device])
    # The kernel keeps it until its last user closes it.
    if not wait_for(lambda: find(file) is None, limit):
        raise HostError(
            f"{device} is still in use",
            where=str(file),
            remedy="unmount the volume in the server, or stop the server",
        )


def attached_below(folder: Path) -> dict[str, str]:
    """All devices whose file is below a folder: device -> file."""
    listed = json.loads(run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"]) or '{"loopdevices": []}')
    files = {entry["name"]: entry["back-file"].removesuffix(" (deleted)") for entry in listed["loopdevices"]}
    return {device: file for device, file in files.items() if Path(file).is_relative_to(folder)}


def numbers(device: str) -> tuple[int, int]:
    """Major and minor number of a device."""
    status = Path(device).stat()
    return os.major(status.st_rdev), os.minor(status.st_rdev)
