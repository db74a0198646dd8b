"""Sets of files: exchanged all at once, whatever ends the exchange, and whenever."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from node.slurm_files.sets import ADOPTED, Sets, digest
from toolchain.paths import REPOSITORY

USER = pwd.getpwuid(os.getuid()).pw_name
OLD = {"slurm.conf": b"old", "cgroup.conf": b"old", "slurmdbd.conf": b"old secret"}
NEW = {"slurm.conf": b"new", "gres.conf": b"new", "slurmdbd.conf": b"new secret", "epilog": b"#!/bin/sh\n"}

#: Exchanges the files and is killed before its N-th change to the file system; prints nothing, ends with 0 if it was
#: done before.
VICTIM = """\
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from node.slurm_files.sets import Sets
left = int(sys.argv[4])
def hook(event, arguments):
    global left
    if event in ("os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown") or (
        event == "open" and arguments[2] & (os.O_WRONLY | os.O_CREAT)
    ):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
new = eval(sys.argv[5])
sys.addaudithook(hook)
sets = Sets(Path(sys.argv[2]), sys.argv[3])
sets.adopt()
name = sets.add(new)
sets.accept(name)
sets.exchange(name)
sets.prove("slurmctld")
"""


def read(folder: Path) -> dict[str, bytes]:
    """What Slurm reads."""
    names = {*ADOPTED, *OLD, *NEW}
    return {name: (folder / name).read_bytes() for name in sorted(names) if (folder / name).exists()}


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


@pytest.mark.parametrize("former", [plain, in_sets])
def test_killed_at_any_step_it_leaves_the_former_or_the_new_files(former: object, tmp_path: Path) -> None:
    steps = 0
    seen = []
    while True:
        folder = tmp_path / str(steps)
        folder.mkdir()
        assert callable(former)
        former(folder)
        arguments = [str(REPOSITORY), str(folder), USER, str(steps), repr(NEW)]
        ended = subprocess.run([sys.executable, "-S", "-c", VICTIM, *arguments], check=False)
        found = read(folder)
        assert found in (OLD, NEW), f"after {steps} steps"
        seen.append(found == NEW)
        exchange(folder, NEW).prove("slurmctld")
        assert read(folder) == NEW
        assert sorted(path.name for path in (folder / ".sets").iterdir()) in ([digest(NEW)], sorted([digest(NEW), digest(OLD)]))
        if ended.returncode == 0:
            break
        steps += 1
    assert steps > 20
    assert seen == sorted(seen), "once new, always new"
    assert not seen[0] and seen[-1]


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
