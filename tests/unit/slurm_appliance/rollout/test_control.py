"""What is asked of the control node, and what is made of its answers."""

import json
import subprocess
from collections.abc import Sequence

import pytest

from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.errors import UsageError
from slurm_appliance.rollout.control import ControlNode, Job
from slurm_appliance.rollout.errors import ControlNodeError
from slurm_appliance.rollout.selection import select
from slurm_appliance.rollout.shell import LocalShell, SshShell


class _Shell:
    """Answers by the first word that is in the command."""

    where = "control"

    def __init__(self, answers: dict[str, str | int]) -> None:
        self._answers = answers
        self.ran: list[str] = []

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        text = " ".join(command)
        self.ran.append(text.replace("env SLURM_TIME_FORMAT=%s ", ""))
        answer = next((answer for word, answer in self._answers.items() if word in text), "")
        status = answer if isinstance(answer, int) else 0
        return subprocess.CompletedProcess(list(command), status, "" if status else str(answer), "why not")


def test_nodes_jobs_targets_and_limits() -> None:
    shell = _Shell(
        {
            "show node": "NodeName=c1 CPUAlloc=0 State=IDLE BootTime=7 Partitions=main\n",
            "squeue": "7|PENDING|slurm-appliance-rollout-c1\n8|RUNNING|mine|or\n9|RUNNING|other\n",
            "cat": json.dumps({"schema": 1, "nodes": {"c1": {"instance_id": "s", "image_id": "i"}}}),
            "show config": "ReturnToService = 2\nResumeTimeout           = 300 sec\n",
        }
    )
    control = ControlNode(shell)

    assert control.nodes()["c1"].boot_time == 7
    assert control.jobs() == {"c1": Job("7", "PENDING")}
    assert control.targets()["c1"].image_id == "i"
    assert control.resume_timeout() == 300


def test_requests() -> None:
    shell = _Shell({"squeue": "7|PENDING|slurm-appliance-rollout-c1\n"})
    control = ControlNode(shell, partition="rebuild")
    control.reboot(["c1", "c2"], RolloutMethod.REBOOT)
    control.cancel(["c1"], RolloutMethod.REBOOT)
    control.reboot(["c2"], RolloutMethod.JOB)
    control.cancel(["c1", "c2"], RolloutMethod.JOB)

    assert shell.ran[:2] == [
        "scontrol reboot ASAP nextstate=RESUME reason=slurm-appliance rollout c1,c2",
        "scontrol cancel_reboot c1",
    ]
    # Not as root, whose jobs are refused.
    assert shell.ran[2].startswith(
        "runuser -u slurm -- sbatch --reboot --exclusive --no-requeue --nodes=1 --nodelist=c2 "
    )
    assert "--partition=rebuild" in shell.ran[2]
    assert shell.ran[-1] == "scancel 7"


def test_many_nodes_do_not_make_a_command_too_long() -> None:
    shell = _Shell({})
    ControlNode(shell).reboot([f"compute-{number:05d}" for number in range(1200)], RolloutMethod.REBOOT)

    assert len(shell.ran) == 3
    assert max(map(len, shell.ran)) < 10_000


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"cat": 1}, "why not"),
        ({"cat": "{"}, "damaged"),
        ({"cat": '{"schema": 2}'}, "schema 2"),
    ],
)
def test_targets_that_cannot_be_used(answers: dict[str, str | int], words: str) -> None:
    with pytest.raises(ControlNodeError, match=words):
        ControlNode(_Shell(answers)).targets()


def test_slurm_that_says_no() -> None:
    with pytest.raises(ControlNodeError, match="scontrol reboot: why not"):
        ControlNode(_Shell({"reboot": 1})).reboot(["c1"], RolloutMethod.REBOOT)
    with pytest.raises(ControlNodeError, match="ResumeTimeout"):
        ControlNode(_Shell({})).resume_timeout()


def test_shells(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "ssh").write_text('#!/bin/sh\nfor last; do :; done\necho "$last"\nexit $STATUS\n')
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    shell = SshShell("user@control", ["-i", "key"])

    monkeypatch.setenv("STATUS", "3")
    ended = shell.run(["scontrol", "reason=two words; rm -rf /"])
    assert (ended.returncode, ended.stdout) == (3, "sudo -n scontrol 'reason=two words; rm -rf /'\n")
    monkeypatch.setenv("STATUS", "255")
    with pytest.raises(ControlNodeError) as refused:
        shell.run(["true"])
    assert refused.value.where == "user@control"
    with pytest.raises(ControlNodeError, match="no-such-program") as refused:
        LocalShell().run(["no-such-program"])
    assert refused.value.where == LocalShell().where


def test_selection() -> None:
    text = "\n".join(
        f"NodeName=c{number} State=IDLE Partitions={'main,big' if number > 9 else 'main'}" for number in (1, 2, 10, 11)
    )
    nodes = ControlNode(_Shell({"show node": text})).nodes()
    targets = {"c1", "c2", "c10"}

    assert select(nodes, targets) == ["c1", "c2", "c10"]
    assert select(nodes, targets, names="c[2,11]") == ["c2", "c11"]
    assert select(nodes, targets, partitions=["big"]) == ["c10"]
    for arguments in (
        {"names": "c[1"},
        {"names": "c99"},
        {"partitions": ["none"]},
        {"names": "c1", "partitions": ["big"]},
    ):
        with pytest.raises(UsageError):
            select(nodes, targets, **arguments)
    with pytest.raises(UsageError, match=r"site\.yml"):
        select(nodes, [])
