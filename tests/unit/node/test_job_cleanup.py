"""What a user leaves behind on a compute node: real processes, real files, real users."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from node import job_cleanup
from node.job_cleanup import NodePlaces, delete_files, end_processes, epilog, main, processes_of, prolog

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="acts as other users")

#: Users that this machine does not have.
ALICE, BOB = 61234, 61235


class Node:
    """A compute node's folders."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        for above in folder.parents:
            if above != Path("/") and above.stat().st_uid == 0:
                above.chmod(above.stat().st_mode | 0o055)
        self.shared = folder / "tmp"
        self.shared.mkdir()
        self.shared.chmod(0o1777)
        (folder / "steps").mkdir()
        self.places = NodePlaces(folder / "run" / "jobs", folder / "steps", (self.shared,))
        self.started: list[subprocess.Popen[str]] = []

    def run(self, uid: int, program: str) -> subprocess.Popen[str]:
        """A Python program of a user's that says a line when it is ready."""
        started = subprocess.Popen(
            ["/usr/bin/python3", "-c", program],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd="/",
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(started)
        assert started.stdout
        assert started.stdout.readline() == "ready\n"
        return started

    def file(self, uid: int, name: str) -> Path:
        path = self.shared / name
        for folder in reversed([each for each in path.parents if self.shared in each.parents]):
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, uid, uid)
        path.write_text("left behind")
        os.chown(path, uid, uid)
        return path

    def end(self) -> None:
        for uid in (ALICE, BOB):
            end_processes(uid)
        for started in self.started:
            started.communicate(timeout=20)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    try:
        yield made
    finally:
        made.end()


SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
#: Leaves its parent, its session and its signals behind.
DAEMON = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.setsid()
print("ready", flush=True)
time.sleep(600)
"""
STOPPED = "import os, signal; print('ready', flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
#: Each that is killed has begun another one by then.
RESPAWNING = """
import os, time
print("ready", flush=True)
while True:
    if os.fork():
        time.sleep(0.002)
        os._exit(0)
"""
#: Kills whatever else is the user's, and so whoever comes to clean up.
KILLING = """
import os, signal
print("ready", flush=True)
while True:
    try: os.kill(-1, signal.SIGKILL)
    except ProcessLookupError: pass
"""


@pytest.mark.parametrize("program", [SLEEP, DAEMON, STOPPED, RESPAWNING, KILLING])
def test_the_last_job_of_a_user_takes_its_processes_with_it(node: Node, program: str) -> None:
    prolog(7, ALICE, node.places)
    node.run(ALICE, program)
    other = node.run(BOB, SLEEP)

    epilog(7, ALICE, node.places)

    assert processes_of(ALICE) == []
    assert processes_of(BOB) == [other.pid]


def test_another_job_of_the_user_keeps_everything(node: Node) -> None:
    for job in (7, 8):
        prolog(job, ALICE, node.places)
    running = node.run(ALICE, SLEEP)
    left = node.file(ALICE, "of the other job")

    epilog(7, ALICE, node.places)
    assert processes_of(ALICE) == [running.pid]
    assert left.exists()

    epilog(8, ALICE, node.places)
    assert processes_of(ALICE) == []
    assert not left.exists()


def test_files_of_the_user_go_and_nobody_else_s(node: Node, tmp_path: Path) -> None:
    victim = tmp_path / "of root"
    victim.mkdir()
    (victim / "file").write_text("precious")
    others = node.file(BOB, "of bob")
    within = node.file(BOB, "open/of bob")
    (node.shared / "open").chmod(0o777)
    mine = [node.file(ALICE, name) for name in ("plain", "deep/er/file", "open/mine", "new\nline", "-delete")]
    node.file(ALICE, "closed/in/file")
    (node.shared / "closed" / "in").chmod(0)
    (node.shared / "closed").chmod(0)
    link = node.shared / "link"
    link.symlink_to(victim)
    os.lchown(link, ALICE, ALICE)
    os.mkfifo(node.shared / "pipe")
    os.chown(node.shared / "pipe", ALICE, ALICE)

    prolog(7, ALICE, node.places)
    epilog(7, ALICE, node.places)

    assert (victim / "file").read_text() == "precious"
    assert others.exists()
    assert within.exists()
    assert not [path for path in mine if path.exists()]
    assert {path.name for path in node.shared.iterdir()} == {"of bob", "open"}
    assert stat.S_IMODE(node.shared.stat().st_mode) == 0o1777


def test_root_s_file_of_a_link_that_is_exchanged_survives(node: Node, tmp_path: Path) -> None:
    """A folder that becomes a link while it is being looked at leads nowhere that its owner may not go anyway."""
    victim = tmp_path / "victims"
    victim.mkdir()
    for number in range(200):
        (victim / str(number)).write_text("precious")
        node.file(ALICE, f"folder/{number}")
    over = False

    def exchange() -> None:
        while not over:
            for source, target in (("folder", "aside"), ("aside", "folder")):
                try:
                    (node.shared / source).rename(node.shared / target)
                    if target == "aside":
                        (node.shared / "folder").symlink_to(victim)
                        (node.shared / "folder").unlink()
                except OSError:
                    continue

    thread = Thread(target=exchange)
    thread.start()
    delete_files(ALICE, [node.shared])
    over = True
    thread.join()

    assert len(list(victim.iterdir())) == 200


def test_a_job_that_began_before_the_node_had_marks_keeps_everything(node: Node) -> None:
    left = node.file(ALICE, "file")
    epilog(7, ALICE, node.places)
    assert left.exists()

    (node.places.steps / "c-0_8.4294967291").touch()
    prolog(9, ALICE, node.places)
    epilog(9, ALICE, node.places)
    assert left.exists()

    (node.places.steps / "c-0_8.4294967291").unlink()
    (node.places.steps / "c-0_10.0").touch()
    prolog(10, ALICE, node.places)
    epilog(10, ALICE, node.places)
    assert not left.exists()


def test_users_of_services_and_root_are_left_alone(node: Node) -> None:
    for uid in (0, 202):
        left = node.file(uid, f"of {uid}")
        prolog(7, uid, node.places)
        epilog(7, uid, node.places)
        assert left.exists()


def test_a_job_that_starts_waits_for_the_cleaning_of_the_one_before(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []

    def slow(_uid: int, _folders: object) -> None:
        starting.start()
        time.sleep(0.3)
        order.append("cleaned")

    def start() -> None:
        prolog(8, ALICE, node.places)
        order.append("started")

    starting = Thread(target=start)
    monkeypatch.setattr(job_cleanup, "delete_files", slow)
    prolog(7, ALICE, node.places)
    epilog(7, ALICE, node.places)
    starting.join()

    assert order == ["cleaned", "started"]


def test_as_slurmd_calls_it(node: Node) -> None:
    left = node.file(ALICE, "file")
    variables = {"SLURM_JOB_ID": "7", "SLURM_JOB_UID": str(ALICE)}

    assert main("slurm-appliance-prolog", variables, node.places) == 0
    assert main("slurm-appliance-epilog", variables, node.places) == 0
    assert not left.exists()


def test_a_job_that_cannot_be_marked_does_not_start_and_an_epilog_never_drains(node: Node) -> None:
    node.places.marks.parent.write_text("not a folder")
    variables = {"SLURM_JOB_ID": "7", "SLURM_JOB_UID": str(ALICE)}

    assert main("slurm-appliance-prolog", variables, node.places) == 1
    assert main("slurm-appliance-epilog", variables, node.places) == 0
    assert main("slurm-appliance-epilog", {}, node.places) == 0
