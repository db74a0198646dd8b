"""Whether this machine runs other machines in hardware: tried, not guessed.

/dev/kvm is there on many machines where nothing boots: inside a virtual machine, for instance. So the same small boot
sector runs twice, emulated and by KVM. It prints a letter and ends the machine. A KVM that is itself emulated takes
seconds for what an emulator does in a tenth of one.
"""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from localcloud.host.programs import program

#: Timeout for one run in seconds, and how much longer than the emulator KVM may take.
LIMIT, ALLOWANCE = 10.0, 1.0

_EMULATOR = "qemu-system-x86_64"

#: The letter that the boot sector prints, and QEMU's exit status for the value that it writes to the exit device.
_LETTER, _STATUS = b"K", 0x10 << 1 | 1


@dataclass(frozen=True)
class BootTrial:
    """One run of the boot sector.

    Attributes:
        booted: whether it ran to its end.
        seconds: how long it took.
    """

    booted: bool
    seconds: float


def accelerated(emulated: BootTrial, by_kvm: BootTrial) -> bool:
    """Whether KVM is worth using."""
    return by_kvm.booted and by_kvm.seconds <= emulated.seconds + ALLOWANCE


def works() -> bool:
    """Whether KVM works on this machine."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and accelerated(_try("tcg"), _try("kvm"))


def boot_sector() -> bytes:
    """A disk whose boot sector prints a letter to the serial port and ends the machine."""
    code = b"\xb0" + _LETTER + b"\xba\xf8\x03\xee"  # mov al, letter; mov dx, 0x3f8; out dx, al
    code += b"\xb0\x10\xba\x01\x05\xee"  # mov al, 0x10; mov dx, 0x501; out dx, al
    code += b"\xf4\xeb\xfd"  # hlt; jmp to it
    return (code.ljust(510, b"\0") + b"\x55\xaa").ljust(2**20, b"\0")


def _try(accelerator: str) -> BootTrial:
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder) / "disk"
        disk.write_bytes(boot_sector())
        command = [program(_EMULATOR), "-accel", accelerator, "-cpu", "max", "-machine", "q35", "-m", "64"]
        command += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]
        command += ["-device", "isa-debug-exit,iobase=0x501,iosize=2"]
        command += ["-drive", f"file={disk},format=raw,if=virtio,readonly=on"]
        start = time.monotonic()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return BootTrial(booted=False, seconds=LIMIT)
        return BootTrial(done.returncode == _STATUS and _LETTER in done.stdout, time.monotonic() - start)
