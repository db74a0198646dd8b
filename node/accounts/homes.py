"""Home directories and ssh keys. Root works only in folders that only root can change, and follows no links in them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .request import AccountUser, Folders
from .whole_file import write_whole

#: Removes keys from the ``~/.ssh/authorized_keys`` of the user that it runs as. The user can place links there at any
#: time, so it runs with the user's rights only.
_TAKE_OUT = """
import os, pathlib, sys
path = pathlib.Path(sys.argv[1]) / ".ssh" / "authorized_keys"
gone = set(sys.stdin.read().splitlines())
lines = path.read_text(errors="surrogateescape").splitlines() if path.is_file() else []
kept = [line for line in lines if line.strip() not in gone]
if kept != lines:
    fresh = path.with_name(".authorized_keys.new")
    fresh.write_text("".join(line + "\\n" for line in kept), errors="surrogateescape")
    fresh.chmod(0o600)
    fresh.replace(path)
    print("keys")
"""


def ensure_home(home: Path, uid: int, gid: int, skeleton: Path) -> bool:
    """Create a missing home directory with the distribution's files; return whether it was created.

    Its parent belongs to root, so only root can have placed anything there.
    """
    if os.path.lexists(home):
        return False
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = home.parent / f".{home.name}.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    if skeleton.is_dir():
        shutil.copytree(skeleton, fresh, symlinks=True)
    else:
        fresh.mkdir()
    for path in (fresh, *fresh.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)
    fresh.chmod(0o700)
    fresh.rename(home)
    return True


def write_keys(folder: Path, keys: Mapping[str, Sequence[str]], nobody: Iterable[str]) -> list[str]:
    """Set sshd's key files to exactly these keys; return the names whose file changed.

    Args:
        folder: folder with one file per user, which only root can change.
        keys: the keys of each user.
        nobody: users without keys, whose files are removed.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    changed = []
    for name, lines in sorted({**dict.fromkeys(nobody, ()), **keys}.items()):
        path = folder / name
        text = "".join(f"{line}\n" for line in lines)
        there = path.read_text() if path.exists() else ""
        if text == there:
            continue
        if text:
            write_whole(path, text, mode=0o644)
        else:
            path.unlink()
        changed.append(name)
    return changed


def take_out_keys(user: AccountUser, home: Path) -> list[str]:
    """Remove the configuration's keys from the user's own file, where earlier releases put them.

    Returns a line for the operator if there is something to report. Problems in users' own files are reported, but are
    not failures.
    """
    if not user.keys or not home.is_dir():
        return []
    ended = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", _TAKE_OUT, str(home)],
        input="\n".join(user.keys), text=True, check=False, capture_output=True,
        user=user.uid, group=user.gid, extra_groups=[],
    )  # fmt: skip
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["no error message"]
        return [f"the keys in the home directory were not changed: {said[-1]}"]
    return ["keys removed from the home directory"] if ended.stdout else []


def end_lingering(folders: Folders, name: str) -> bool:
    """Disable lingering of a former user's systemd; return whether it was enabled."""
    path = folders.lingering / name
    if not os.path.lexists(path):
        return False
    path.unlink()
    return True


def is_private(path: Path) -> bool:
    """Whether only root can change the target of a path.

    The path has no links, and only root can write to its folders; a sticky folder (``/tmp``) protects what belongs to
    root.
    """
    for each in (path, *path.parents):
        about = os.lstat(each)
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != 0:
            return False
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not about.st_mode & stat.S_ISVTX:
            return False
    return True
