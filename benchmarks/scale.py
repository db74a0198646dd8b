"""Previews and updates of clusters of 10 to 1000 nodes, against a project that answers at once.

``python -m benchmarks.scale [NODES...]``. For each size: a preview from nothing, ``up`` from nothing, a preview and an
``up`` with nothing to do, a user added, and an image change: planned and carried out. Seconds; CPU seconds of engine,
plugins, program and command together (the project is a process of its own, and not counted); MB of the largest process;
calls a node; and between the sizes, what a node more costs. ``site.yml`` needs nodes that boot, and is left out.

``BACKEND`` is where the state is: ``file`` (the default), ``s3`` (a server of its own, like the project), or
``file,s3`` for both in turn and their ratio.

Wall-clock seconds mean something on an idle machine only: the load before each size is printed.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

from slurm_appliance.deployment import session
from tests.engine.cluster.rig import Rig
from tests.fakes.bucket import CREDENTIALS, bucket
from toolchain.paths import REPOSITORY

_SIZES = (10, 100, 400, 1000)
#: First argument of the process that measures one size.
_ALONE = "alone"


@dataclass(frozen=True)
class Measured:
    """One operation."""

    name: str
    seconds: float
    cpu: float
    megabytes: int
    calls: int


class Project:
    """The project's process."""

    def __init__(self, delay: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.project", str(delay)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.environment: dict[str, str] = json.loads(self._said())

    def _said(self) -> str:
        return cast("IO[str]", self._process.stdout).readline()

    def calls(self) -> int:
        """How many calls it has answered."""
        stdin = cast("IO[str]", self._process.stdin)
        print("calls", file=stdin, flush=True)
        return int(json.loads(self._said())["calls"])

    def end(self) -> None:
        """End it."""
        self._process.communicate()


@contextmanager
def _state(backend: str) -> Iterator[dict[str, str]]:
    """The variables of a state: in the default folder, or in a bucket."""
    if backend == "file":
        yield {}
        return
    with bucket() as url:
        yield CREDENTIALS | {"PULUMI_BACKEND_URL": url, "PULUMI_CONFIG_PASSPHRASE": "benchmark"}


@contextmanager
def _environment(project: Project, folder: Path, state: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(project.environment, XDG_STATE_HOME=str(folder / "state"), **state)
    os.environ["PULUMI_CREDENTIALS_PATH"] = str(folder / "nobody")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _cpu() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _measure(name: str, project: Project, operation: Callable[[], Any]) -> Measured:
    calls, cpu, began = project.calls(), _cpu(), time.monotonic()
    operation()
    seconds = time.monotonic() - began
    megabytes = (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
    )
    return Measured(name, seconds, _cpu() - cpu, megabytes, project.calls() - calls)


def _operations(nodes: int, delay: float, backend: str) -> Iterator[Measured]:
    project = Project(delay)
    with tempfile.TemporaryDirectory() as name, _state(backend) as state, _environment(project, Path(name), state):
        try:
            rig = Rig(Path(name))
            rig.alone, vars(session)["STACKS"] = True, rig.stacks  # As one of our commands.
            rig.settings["compute"]["general"]["nodes"] = [f"c-[0-{nodes - 1}]"]
            yield _measure("preview from nothing", project, rig.preview)
            yield _measure("up from nothing", project, rig.up)
            yield _measure("preview, nothing to do", project, rig.preview)
            yield _measure("up, nothing to do", project, rig.up)
            rig.settings["users"] = {"alice": {"uid": 2001}}
            yield _measure("up, a user added", project, rig.up)
            rig.settings["cluster_image"] = "image-b"
            yield _measure("preview of a new image", project, rig.preview)
            yield _measure("up to a new image", project, rig.up)
        finally:
            project.end()


def _say(text: str) -> None:
    """To standard error: what a size's process prints on standard output is for its parent."""
    print(text, file=sys.stderr, flush=True)


def _measure_size(nodes: int, backend: str) -> list[Measured]:
    delay = float(os.environ.get("DELAY", "0"))
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    _say(f"{nodes} compute nodes, state on {backend}, {delay:g} s a call; {load}")
    rows = []
    for each in _operations(nodes, delay, backend):
        _say(
            f"  {each.name:24} {each.seconds:7.1f} s {each.cpu:7.1f} CPU-s {each.megabytes:6d} MB "
            f"{each.calls / nodes:6.1f} calls a node"
        )
        rows.append(each)
    return rows


def _apart(nodes: int, backend: str) -> list[Measured]:
    """A size in a process of its own: peak memory is a process's."""
    command = [sys.executable, "-m", "benchmarks.scale", _ALONE, str(nodes), backend]
    ended = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
    return [Measured(**each) for each in json.loads(ended.stdout)]


def growth(measured: Mapping[int, Sequence[Measured]]) -> Iterator[str]:
    """What each further node costs, from each size to the next: the same everywhere where time is linear."""
    sizes = sorted(measured)
    for index, operation in enumerate(measured[sizes[0]]):
        steps = []
        for less, more in pairwise(sizes):
            seconds = measured[more][index].seconds - measured[less][index].seconds
            steps.append(f"{1000 * seconds / (more - less):5.0f} ({less}-{more})")
        yield f"  {operation.name:24} {' '.join(steps)}"


def ratios(measured: Mapping[int, Sequence[Measured]], base: Mapping[int, Sequence[Measured]]) -> Iterator[str]:
    """Seconds of each operation as a multiple of another backend's, by size."""
    for index, operation in enumerate(measured[min(measured)]):
        parts = [
            f"{rows[index].seconds / base[nodes][index].seconds:5.2f} ({nodes})" for nodes, rows in measured.items()
        ]
        yield f"  {operation.name:24} {' '.join(parts)}"


def main(words: Sequence[str]) -> None:
    """Measure all sizes and say how they grow."""
    if words[:1] == [_ALONE]:
        print(json.dumps([asdict(each) for each in _measure_size(int(words[1]), words[2])]))
        return
    sizes = [int(word) for word in words] or _SIZES
    backends = os.environ.get("BACKEND", "file").split(",")
    measured: dict[str, dict[int, list[Measured]]] = {backend: {} for backend in backends}
    for nodes in sizes:
        for backend in backends:
            measured[backend][nodes] = _apart(nodes, backend)
    first, *others = backends
    for backend in others:
        _say(f"{backend} as a multiple of {first}")
        for line in ratios(measured[backend], measured[first]):
            _say(line)
    if len(sizes) > 1:
        for backend in backends:
            _say(f"milliseconds for each node more, state on {backend}")
            for line in growth(measured[backend]):
                _say(line)


if __name__ == "__main__":
    main(sys.argv[1:])
