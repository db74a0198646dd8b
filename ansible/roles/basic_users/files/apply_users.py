#!/usr/bin/python3 -I
"""Makes the cluster's users what they are to be: one process for all of them. Takes JSON on standard input::

    {"homes": "/home", "make_homes": false, "users": {"alice": {"uid": 2001, "comment": "", "shell": "/bin/bash",
     "groups": [], "ssh_keys": []}}}

Prints a line for each change. Users that are not in the request stay. Standard library only, Python 3.9.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(*command: str) -> None:
    """Run a command; what it says about a failure goes to standard error."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def ensure_group(name: str, gid: int) -> None:
    """The user's own group."""
    try:
        there = grp.getgrnam(name).gr_gid
    except KeyError:
        run("groupadd", "--gid", str(gid), name)
    else:
        if there == gid:
            return
        run("groupmod", "--gid", str(gid), name)
    print(f"group {name}")


def ensure_user(name: str, wanted: dict[str, Any], homes: Path) -> None:
    """The user, its shell, home and further groups."""
    uid, home = int(wanted["uid"]), str(homes / name)
    comment, shell = str(wanted.get("comment") or ""), str(wanted.get("shell") or "/bin/bash")
    options = ["--uid", str(uid), "--gid", name, "--comment", comment, "--shell", shell]
    try:
        there = pwd.getpwnam(name)
    except KeyError:
        run("useradd", *options, "--home-dir", home, "--no-create-home", "--password", "*", name)
        print(f"user {name}")
    else:
        if (there.pw_uid, there.pw_gecos, there.pw_shell, there.pw_dir) != (uid, comment, shell, home):
            run("usermod", *options, "--home", home, name)
            print(f"user {name}")
    missing = [group for group in wanted.get("groups") or () if name not in grp.getgrnam(group).gr_mem]
    if missing:
        run("usermod", "--append", "--groups", ",".join(missing), name)
        print(f"groups of {name}")


def ensure_home(name: str, wanted: dict[str, Any], homes: Path) -> None:
    """The home directory with the distribution's files, and the given ssh keys beside the user's own."""
    home, uid = homes / name, int(wanted["uid"])
    if not home.exists():
        fresh = homes / f".{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree("/etc/skel", fresh, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        fresh.chmod(0o700)
        fresh.rename(home)
        print(f"home of {name}")
    keys = wanted.get("ssh_keys") or ()
    if keys:
        add_keys(home / ".ssh", uid, list(keys))


def add_keys(folder: Path, uid: int, keys: list[str]) -> None:
    """Let these keys in; written as the user, who owns the folder and could put a link in the way."""
    script = (
        "import sys, pathlib; folder = pathlib.Path(sys.argv[1]); folder.mkdir(mode=0o700, exist_ok=True)\n"
        "file = folder / 'authorized_keys'; there = file.read_text().splitlines() if file.exists() else []\n"
        "new = [key for key in sys.stdin.read().splitlines() if key not in there]\n"
        "file.touch(mode=0o600)\n"
        "new and (file.write_text('\\n'.join([*there, *new, ''])), print('keys'))\n"
    )
    ended = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", script, str(folder)],
        input="\n".join(keys), text=True, check=True, stdout=subprocess.PIPE, user=uid, group=uid, extra_groups=[],
    )  # fmt: skip
    sys.stdout.write(ended.stdout)


def main() -> int:
    """Apply the request on standard input."""
    request = json.load(sys.stdin)
    homes = Path(request["homes"])
    try:
        for name, wanted in sorted(request["users"].items()):
            ensure_group(name, int(wanted["uid"]))
            ensure_user(name, wanted, homes)
            if request["make_homes"]:
                ensure_home(name, wanted, homes)
    except (KeyError, OSError, subprocess.CalledProcessError) as error:
        print(f"user {name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
