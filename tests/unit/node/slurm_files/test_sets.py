"""Sets of files: exchanged all at once, whatever ends the exchange, and whenever."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from node.slurm_files.sets import Sets, digest
from toolchain.paths import REPOSITORY

USER = pwd.getpwuid(os.getuid()).pw_name
OLD = {"slurm.conf": b"old", "cgroup.conf": b"old", "slurmdbd.conf": b"old secret"}
NEW = {"slurm.conf": b"new", "gres.conf": b"new", "slurmdbd.conf": b"new secret", "epilog": b"#!/bin/sh\n"}


def read(folder: Path) -> dict[str, bytes]:
    """What Slurm reads."""
    names = dict.fromkeys((*OLD, *NEW))
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def exchange(folder: Path, files: dict[str, bytes]) -> Sets:
    sets = Sets(folder, USER)
    sets.adopt()
    name = sets.add(files)
    sets.accept(name)
    sets.exchange(name)
    return sets


def plain(folder: Path) -> None:
    for name, content in OLD.items():
        (folder / name).write_bytes(content)


def in_sets(folder: Path) -> None:
    exchange(folder, OLD).prove("slurmctld")


CHANGES = {"os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown"}


def killed(folder: Path, steps: int) -> bool:
    """Exchange the files in a process that is killed before a change to the file system; False: it was done before."""
    child = os.fork()
    if child == 0:
        left = steps

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_CREAT)):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        exchange(folder, NEW).prove("slurmctld")
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def every_step(former: str, folder: Path) -> None:
    """Kill an exchange at each of its steps, and print what was there then. A process with one thread: it forks."""
    # What a kill leaves does not depend on it, and it takes most of the time.
    patch("os.fsync").start()
    steps, going = 0, True
    while going:
        place = folder / str(steps)
        place.mkdir()
        {"plain": plain, "sets": in_sets}[former](place)
        going = killed(place, steps)
        found = read(place)
        exchange(place, NEW).prove("slurmctld")
        kept = {path.name for path in (place / ".sets").iterdir()}
        done = read(place) == NEW and {digest(NEW)} <= kept <= {digest(NEW), digest(OLD)}
        print("old" if found == OLD else "new" if found == NEW else "mixed", "done" if done else "not-done")
        steps += 1


@pytest.mark.parametrize("former", ["plain", "sets"])
def test_killed_at_any_step_it_leaves_the_former_or_the_new_files(former: str, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from tests.unit.node.slurm_files import test_sets as tests; "
    command = [
        sys.executable,
        "-c",
        f"{program}tests.every_step(sys.argv[1], Path(sys.argv[2]))",
        former,
        str(tmp_path),
    ]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    lines = out.splitlines()
    assert len(lines) > 20
    assert {line.split()[1] for line in lines} == {"done"}, "the next run completes it"
    seen = [line.split()[0] for line in lines]
    assert seen == ["old"] * seen.count("old") + ["new"] * seen.count("new"), (
        "never a mixture, and once new, always new"
    )
    assert seen[0] == "old"
    assert seen[-1] == "new"


def test_a_node_without_files_gets_them(tmp_path: Path) -> None:
    sets = exchange(tmp_path, NEW)
    assert read(tmp_path) == NEW
    assert sets.proven("slurmctld") is None


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    plain(tmp_path)
    for name in ("plugstack.conf", "topology.conf"):
        (tmp_path / name).write_text("theirs")
    exchange(tmp_path, NEW)
    assert [(tmp_path / name).read_text() for name in ("plugstack.conf", "topology.conf")] == ["theirs"] * 2
    assert not (tmp_path / "cgroup.conf").is_symlink()


def test_only_slurm_reads_the_password(tmp_path: Path) -> None:
    exchange(tmp_path, NEW)
    assert (tmp_path / "slurmdbd.conf").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "slurm.conf").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "epilog").stat().st_mode & 0o777 == 0o755


def test_files_from_before_there_were_sets_count_as_proven(tmp_path: Path) -> None:
    plain(tmp_path)
    sets = Sets(tmp_path, USER)
    sets.adopt()
    assert sets.in_use == sets.proven("slurmctld") == sets.proven("slurmdbd") == digest(OLD)
    assert read(tmp_path) == OLD


def test_sets_that_nobody_needs_are_removed(tmp_path: Path) -> None:
    for number in range(4):
        sets = exchange(tmp_path, {"slurm.conf": str(number).encode()})
        for daemon in ("slurmctld", "slurmdbd"):
            sets.prove(daemon)
    assert [path.name for path in (tmp_path / ".sets").iterdir()] == [sets.in_use]
