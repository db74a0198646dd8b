"""What the mirror's processes can see: the machine, but of folders that are closed to them just what they need.

State, cache and sometimes Python itself lie in root's home, which an ordinary user may not enter. The supervisor lives
in a mount namespace of its own; there an empty folder covers each closed one and only the needed folders are put in, at
their own paths. Nothing of this is visible outside, and it goes with the last process.
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
    """A closed folder, and the folders below it that are to be seen all the same."""

    folder: Path
    needed: tuple[Path, ...]


def closed_to_others(folder: Path) -> bool:
    """Whether a user without rights of their own may not pass through a folder."""
    return not folder.stat().st_mode & stat.S_IXOTH


def plan(needed: Iterable[Path], closed: Callable[[Path], bool] = closed_to_others) -> list[Cover]:
    """What to cover so that all needed folders can be reached: pure but for the question whether a folder is closed."""
    covers: dict[Path, list[Path]] = {}
    for path in sorted(set(needed)):
        outermost = next((folder for folder in reversed(path.parents) if closed(folder)), None)
        if outermost is not None and not any(path.is_relative_to(other) for other in covers.get(outermost, [])):
            covers.setdefault(outermost, []).append(path)
    return [Cover(folder, tuple(paths)) for folder, paths in covers.items()]


def enter(covers: Iterable[Cover], hold: Path) -> None:
    """Carry the plan out in the current mount namespace, which must not be the machine's.

    Args:
        covers: from `plan`.
        hold: an existing folder outside of all covers, where folders wait while theirs is being covered.

    Raises:
        MachineError: a mount is refused.
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
    """Show only this namespace's processes in /proc, and return the number that the machine knows this process by."""
    outside = int(os.readlink("/proc/self"))
    mount("-t", "proc", "proc", "/proc")
    return outside


def mount(*arguments: str | Path) -> None:
    """Call mount(8).

    Raises:
        MachineError: it is refused.
    """
    ended = subprocess.run(["mount", *map(str, arguments)], check=False, text=True, capture_output=True)
    if ended.returncode:
        raise MirrorMachineError(
            f"mount {' '.join(map(str, arguments))} was refused",
            evidence=ended.stderr,
            remedy="the mirror needs CAP_SYS_ADMIN to mount, which some containers lack",
        )
