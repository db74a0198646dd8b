"""Having the mirror publish a snapshot before a build."""

import stat
from pathlib import Path

import pytest

from slurm_appliance.image.errors import BuildError, StoppedError
from slurm_appliance.image.mirror import refresh
from slurm_appliance.image.stop import Deadline


@pytest.fixture
def deadline() -> Deadline:
    return Deadline(20, "the build")


def program(folder: Path, script: str) -> list[str]:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(stat.S_IRWXU)
    return [str(path)]


def test_the_snapshot_is_asked_for_by_name(tmp_path: Path, deadline: Deadline) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    refresh("20261123", log, deadline, said.append, program(tmp_path, 'echo "$@"'))
    assert log.read_text() == "mirror publish --sync --snapshot 20261123 --output json\n"
    assert str(log) in said[0]


def test_a_mirror_that_cannot_ends_the_build_with_its_words(tmp_path: Path, deadline: Deadline) -> None:
    log = tmp_path / "log"
    with pytest.raises(BuildError, match="the upstream does not answer") as failure:
        refresh("20261123", log, deadline, print, program(tmp_path, "echo the upstream does not answer >&2; exit 1"))
    assert failure.value.where == str(log)


def test_the_end_of_the_build_ends_the_program(tmp_path: Path, deadline: Deadline) -> None:
    ended = tmp_path / "ended"
    script = f"trap 'touch {ended}; exit 1' TERM; while :; do sleep 0.1; done"
    deadline.set(StoppedError("stopped", signal=15))
    with pytest.raises(StoppedError):
        refresh("20261123", tmp_path / "log", deadline, print, program(tmp_path, f"touch {tmp_path}/began; {script}"))
