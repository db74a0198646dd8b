"""Limits what the mirror's processes can see: in folders closed to them, only what they need.

State, cache and sometimes Python itself are in root's home, which an ordinary user cannot enter. The supervisor has its
own mount namespace; there an empty folder covers each closed one, and only the needed folders are mounted into it, at
their own paths. None of this is visible outside, and it disappears with the last process.
"""

import os
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mirror.errors import MirrorMachineError


@dataclass(frozen=True)
class Cover:
    """A closed folder, and the folders below it that must be visible."""

    folder: Path
    needed: tuple[Path, ...]


def closed_to_others(folder: Path) -> bool:
    """Whether a folder is closed to unprivileged users."""
    return not folder.stat().st_mode & stat.S_IXOTH


def plan(needed: Iterable[Path], closed: Callable[[Path], bool] = closed_to_others) -> list[Cover]:
    """What to cover so that all needed folders are reachable; pure except for the check whether a folder is closed."""
    covers: dict[Path, list[Path]] = {}
    for path in sorted(set(needed)):
        outermost = next((folder for folder in reversed(path.parents) if closed(folder)), None)
        if outermost is not None and not any(path.is_relative_to(other) for other in covers.get(outermost, [])):
            covers.setdefault(outermost, []).append(path)
    return [Cover(folder, tuple(paths)) for folder, paths in covers.items()]


def enter(covers: Iterable[Cover], hold: Path) -> None:
    """Execute the plan in the current mount namespace, which must not be the machine's.

    Args:
        covers: from `plan`.
        hold: an existing folder outside all covers, where folders are mounted while their parent is being covered.

    Raises:
        MachineError: a mount was refused.
    """
    for cover in covers:
        held: list[tuple[Path, Path]] = []
        for number, path in enumerate(cover.needed):
            waiting = hold / str(number)
            waiting.mkdir(exist_ok=True)
            mount("--bind", path, waiting)
            held.append((waiting, path))
        mount("-t", "tmpfs", "-o", "mode=755,size=1m", "slurm-appliance-mirror", cover.folder)
        for waiting, path in held:
            path.mkdir(parents=True)
            mount("--move", waiting, path)
            waiting.rmdir()


def enter_process_namespace() -> int:
    """Show only this namespace's processes in /proc, and return this process's ID on the machine."""
    outside = int(os.readlink("/proc/self"))
    mount("-t", "proc", "proc", "/proc")
    return outside


def mount(*arguments: str | Path) -> None:
    """Call mount(8).

    Raises:
        MachineError: it was refused.
    """
    ended = subprocess.run(["mount", *map(str, arguments)], check=False, text=True, capture_output=True)
    if ended.returncode:
        raise MirrorMachineError(
            f"mount {' '.join(map(str, arguments))} was refused",
            evidence=ended.stderr,
            remedy="the mirror needs CAP_SYS_ADMIN to mount, which some containers lack",
        )
