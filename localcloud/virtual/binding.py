"""libvirt's Python binding: Debian's package, linked into the services' search path.

It is compiled for one version of Python. The one from the package index would be compiled here, against libvirt's own
headers; Debian's needs no compiler.
"""

import sys
from pathlib import Path

from localcloud.errors import MachineError

#: Where Debian's packages put modules of Python.
DEBIAN = Path("/usr/lib/python3/dist-packages")

_MODULES = ("libvirt.py", "libvirt_qemu.py")
_COMPILED = ("libvirtmod", "libvirtmod_qemu")


def link(target: Path, source: Path = DEBIAN, tag: str = sys.implementation.cache_tag) -> None:
    """Make the binding importable from a folder. Idempotent.

    Args:
        target: the folder.
        source: where Debian's package put it.
        tag: the services' version of Python: ``cpython-311``.

    Raises:
        MachineError: the binding is for another version of Python.
    """
    files = [source / name for name in _MODULES]
    for name in _COMPILED:
        found = sorted(source.glob(f"{name}.{tag}-*.so"))
        if not found:
            raise MachineError(
                f"python3-libvirt is not compiled for {tag}, which the cloud's services run with",
                where=str(source),
                remedy="start slurm-appliance with the distribution's own Python",
            )
        files += found
    for file in files:
        link = target / file.name
        if not link.is_symlink() or link.readlink() != file:
            link.unlink(missing_ok=True)
            link.symlink_to(file)
