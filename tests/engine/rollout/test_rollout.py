"""The rollout command against a real slurmctld while users' jobs run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from slurm_appliance.errors import ExitStatus
from tests.engine.rollout.conftest import NODES, Bed
from tests.engine.rollout.slurm_cluster import EndedJob, wait_for
from tests.fakes.bucket import CREDENTIALS, bucket
from tests.fakes.nova import Operation
from toolchain.paths import REPOSITORY

BATCH = 3
BUDGET = (f"--batch={BATCH}", f"--max-unavailable={BATCH}")


class Command:
    """``slurm-appliance rollout --here`` as a process."""

    def __init__(self, bed: Bed, *arguments: str, more: Mapping[str, str] | None = None, program: str = "") -> None:
        self._log = bed.slurm.folder / f"rollout-{time.monotonic_ns()}.jsonl"
        program += "import sys; from slurm_appliance.cli import main; sys.exit(main())"
        settings = str(bed.slurm.folder / "reboot.yml")
        environment = {**bed.slurm.environment, "SLURM_APPLIANCE_REBOOT_SETTINGS": settings, **(more or {})}
        with self._log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, "rollout", "--here", "--output=json", *arguments],
                cwd=REPOSITORY,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def end(self, seconds: float = 240.0) -> int:
        """Wait for its end; returns its exit status."""
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def said(self) -> str:
        return self._log.read_text()

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]


class Users:
    """A stream of short jobs that keeps the cluster busy."""

    def __init__(self, bed: Bed) -> None:
        self._slurm = bed.slurm
        self._random = random.Random(7)  # noqa: S311 - lengths of jobs
        self.submitted = 0

    def submit(self, count: int) -> None:
        for _ in range(count):
            length = self._random.choice([1, 2, 4])
            self._slurm.command("sbatch", "--nodes=1", "--exclusive", "--output=/dev/null", f"--wrap=sleep {length}")
            self.submitted += 1

    def keep_busy_until_end_of(self, command: Command) -> None:
        """Never let the queue run empty; fails if the rollout does not end."""
        end = time.monotonic() + 240
        while command.process.poll() is None:
            assert time.monotonic() < end, f"the rollout does not end: {command.said()}"
            queued = len(self._slurm.command("squeue", "--noheader").splitlines())
            self.submit(max(0, 12 - queued))
            time.sleep(0.3)

    def all_ended(self) -> list[EndedJob]:
        wait_for("all jobs to end", lambda: len(self._slurm.jobs()) >= self.submitted, seconds=120)
        return self._slurm.jobs()


def _most_at_once(operations: list[Operation]) -> int:
    moments = sorted([(each.began, 1) for each in operations] + [(each.ended, -1) for each in operations])
    level = most = 0
    for _, step in moments:
        level += step
        most = max(most, level)
    return most


def _check(bed: Bed, users: Users, asked: dict[str, float]) -> None:
    """What must hold after a rollout that went well, from slurmctld's and Nova's records."""
    rebuilds = [each for each in bed.cloud.operations if each.verb == "rebuild"]
    assert Counter(each.server for each in rebuilds) == Counter(bed.ids.values())
    assert {bed.image(name) for name in bed.ids} == {bed.new}
    assert _most_at_once(bed.cloud.operations) <= BATCH
    jobs = users.all_ended()
    assert {job.state for job in jobs} == {"COMPLETED"}, [job for job in jobs if job.state != "COMPLETED"]
    names = {server: name for name, server in bed.ids.items()}
    for rebuild in rebuilds:
        name = names[rebuild.server]
        mine = [job for job in jobs if name in job.nodes]
        # slurmctld writes whole seconds.
        late = [job for job in mine if asked[name] + 1 < job.start < int(rebuild.ended)]
        assert not late, f"{late} started on {name} between its drain and its new image"
        cut = [job for job in mine if job.start < rebuild.began - 1 and job.end > rebuild.began + 1]
        assert not cut, f"{cut} ran on {name} when its rebuild began"
        assert any(job.start >= int(rebuild.ended) for job in mine), f"{name} took no job after its rebuild"


def _asked(*commands: Command) -> dict[str, float]:
    """When each node was first asked to reboot."""
    when: dict[str, float] = {}
    for event in (event for command in commands for event in command.events() if event["event"] == "reboot"):
        nodes = event["nodes"]
        assert isinstance(nodes, list)
        for name in nodes:
            when.setdefault(name, float(str(event["at"])))
    return when


def test_eight_nodes_in_batches_of_three_while_jobs_run(bed: Bed) -> None:
    users = Users(bed)
    users.submit(20)
    started = time.monotonic()
    command = Command(bed, *BUDGET)
    users.keep_busy_until_end_of(command)
    seconds = time.monotonic() - started

    assert command.end() == 0, command.said()
    assert command.events()[-1]["counts"] == {"done": NODES}
    users.submit(2 * NODES)
    _check(bed, users, _asked(command))
    print(f"{seconds / NODES:.1f} s a node")

    calls = len(bed.cloud.actions())
    again = Command(bed, *BUDGET)
    assert again.end() == 0, again.said()
    assert len(bed.cloud.actions()) == calls


def test_killed_and_resumed(bed: Bed) -> None:
    users = Users(bed)
    users.submit(20)
    commands = [Command(bed, *BUDGET)]
    # Killed after the first and after the fourth node's rebuild began.
    for count in (1, 4):
        wait_for(f"{count} rebuilds to begin", lambda: len(bed.cloud.actions()) >= count, seconds=120)  # noqa: B023 - used at once
        commands[-1].process.send_signal(signal.SIGKILL)
        commands[-1].process.wait()
        commands.append(Command(bed, *BUDGET))
    users.keep_busy_until_end_of(commands[-1])

    assert commands[-1].end() == 0, commands[-1].said()
    users.submit(2 * NODES)
    _check(bed, users, _asked(*commands))


#: Records as those of a stack's deploy host: beside the state.
SHARED = """
from dataclasses import replace
from slurm_appliance.rollout import access
here = access.here
access.here = lambda: replace(here(), journal=access.rollout_place("test"))
"""


def test_another_operator_finishes_a_rollout_in_a_shared_state(bed: Bed, tmp_path: Path) -> None:
    users = Users(bed)
    users.submit(20)
    with bucket("/team") as url:

        def rollout(name: str) -> Command:
            """Of a user on a machine of their own."""
            home = {"HOME": str(tmp_path / name), "XDG_STATE_HOME": str(tmp_path / name / "state"), "LOGNAME": name}
            more = {**CREDENTIALS, **home, "PULUMI_BACKEND_URL": url}
            return Command(bed, *BUDGET, more=more, program=SHARED)

        first = rollout("anna")
        wait_for("a rebuild to begin", bed.cloud.actions, seconds=120)
        refused = rollout("bert")
        assert refused.end() == ExitStatus.LOCKED
        assert "anna@" in refused.said()
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        second = rollout("bert")
        users.keep_busy_until_end_of(second)
        assert second.end() == 0, second.said()
    users.submit(2 * NODES)
    _check(bed, users, _asked(first, second))


def test_a_bad_image_stops_at_the_canary_and_a_rerun_heals(bed: Bed) -> None:
    image = bed.cloud.images.pop(bed.new)
    command = Command(bed, *BUDGET, "--retries=0")

    assert command.end() == 1
    assert f"target image {bed.new} does not exist" in command.said()
    nodes = bed.slurm.nodes()
    held = [name for name, node in nodes.items() if "DRAIN" in node.flags]
    assert len(held) == 1, "more than the canary is out of service"
    assert all(node.in_service for name, node in nodes.items() if name not in held)

    bed.cloud.images[bed.new] = image
    again = Command(bed, "--batch=8", "--max-unavailable=8")
    assert again.end() == 0, again.said()
    assert {bed.image(name) for name in bed.ids} == {bed.new}
    assert all(node.in_service for node in bed.slurm.nodes().values())


def test_stopped_nodes_that_still_drain_are_given_back(bed: Bed) -> None:
    """Only what the rollout drained: a node drained by somebody else stays so, and untouched."""
    bed.slurm.command("scontrol", "update", "nodename=c8", "state=DRAIN", "reason=disk is broken")
    bed.slurm.command("sbatch", "--nodelist=c2", "--exclusive", "--output=/dev/null", "--wrap=sleep 60")
    wait_for("the job to run", lambda: bed.slurm.nodes()["c2"].busy)
    bed.cloud.rebuild_ends_in_error["c1"] = "no valid host"
    command = Command(bed, "--nodes=c[1-2],c8", "--batch=2", "--max-unavailable=3", "--canary=0", "--retries=0")

    assert command.end() == 1
    last = command.events()[-1]
    assert last["counts"] == {"failed": 1, "skipped": 1, "released": 1}
    nodes = bed.slurm.nodes()
    assert nodes["c2"].flags <= {"ALLOCATED", "MIXED"}
    assert nodes["c8"].flags == {"IDLE", "DRAIN"}
    assert nodes["c8"].reason == "disk is broken"
    assert "no valid host" in nodes["c1"].reason
    assert (bed.actions("c2"), bed.actions("c8")) == ([], [])


def test_by_jobs(bed: Bed) -> None:
    command = Command(bed, "--nodes=c[1-3]", "--batch=2", "--max-unavailable=2", "--via=job")

    assert command.end() == 0, command.said()
    assert [bed.image(name) for name in ("c1", "c2", "c3", "c4")] == [bed.new] * 3 + [bed.old]
    assert {job.state for job in bed.slurm.jobs()} == {"COMPLETED"}


def test_slurmctld_away_during_a_rollout(bed: Bed) -> None:
    command = Command(bed, *BUDGET, "--canary=0")
    wait_for("rebuilds to begin", bed.cloud.actions, seconds=60)
    bed.slurm.stop_controller()
    wait_for("the rollout to see it", lambda: "trouble" in command.said(), seconds=60)
    bed.slurm.start_controller()

    assert command.end() == 0, command.said()
    assert {bed.image(name) for name in bed.ids} == {bed.new}


def test_status_and_dry_run_change_nothing(bed: Bed) -> None:
    program = "import sys; from slurm_appliance.cli import main; sys.exit(main())"
    environment = {
        **os.environ,
        **bed.slurm.environment,
        "SLURM_APPLIANCE_REBOOT_SETTINGS": str(bed.slurm.folder / "reboot.yml"),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", program, "rollout", *arguments]
        ended = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    bed.slurm.command("scontrol", "update", "nodename=c8", "state=DRAIN", "reason=disk is broken")
    shown = json.loads(run("status", "--here", "--output=json"))
    dry = run("--here", "--dry-run", "--batch=2")

    assert [row["state"] for row in shown] == ["to do"] * NODES
    assert shown[7]["why"] == "disk is broken"
    assert "c[1-7] (7)" in run("status", "--here")
    assert "drained by somebody else" in dry
    assert dry.count("begins") == 1, "more than the canary"
    assert bed.cloud.actions() == []
    assert {frozenset(node.flags) for name, node in bed.slurm.nodes().items() if name != "c8"} == {frozenset({"IDLE"})}


@pytest.mark.parametrize(
    "arguments", [("--nodes=c99",), ("--partition=none",), ("--max-unavailable=some",), ("--via=hand",)]
)
def test_wrong_arguments(bed: Bed, arguments: tuple[str, ...]) -> None:
    command = Command(bed, *arguments)

    assert command.end() == 2
    assert "→" in command.said() or "--via" in command.said()
    assert not Path(bed.slurm.folder / "reboot-spool-rollout" / "rollout.json").exists()
