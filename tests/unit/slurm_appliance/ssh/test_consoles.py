"""What an operator sees of nodes that did not boot in time."""

from collections.abc import Callable

from slurm_appliance.cloud.connection import CloudError
from slurm_appliance.playbooks.run import ANSIBLE, TaskFailure
from slurm_appliance.ssh.consoles import BOOT_TASKS, explain

INSTANCES = {f"c-{number}": f"id-{number}" for number in range(8)}


def failed(*names: str, task: str = BOOT_TASKS[0]) -> list[TaskFailure]:
    return [TaskFailure(name, task, "timed out") for name in names]


def shown(failures: list[TaskFailure], console: Callable[[str], str]) -> list[str]:
    said: list[str] = []
    explain(failures, INSTANCES, lambda: console, said.append)
    return said


def test_the_end_of_the_console_without_its_colours() -> None:
    text = "\n".join([*(f"line {number}" for number in range(30)), "", "\x1b[0;31mKernel panic\x1b[0m"])
    said = shown(failed("c-1"), lambda server: text if server == "id-1" else "")
    assert said[0] == "c-1 did not boot in time; last lines of its console:"
    assert said[-1] == "  | Kernel panic"
    assert len(said) == 13


def test_only_a_few_of_many() -> None:
    said = shown(failed(*INSTANCES), lambda _server: "")
    assert said == [*(f"c-{number}'s console is empty" for number in range(5)), "also late: c-5, c-6, c-7"]


def test_other_failures_ask_nobody() -> None:
    def never() -> Callable[[str], str]:
        raise AssertionError

    explain(failed("c-1", task="Install"), INSTANCES, never, print)
    explain(failed("unknown"), INSTANCES, never, print)


def test_a_cloud_that_does_not_answer_is_said() -> None:
    def away(_server: str) -> str:
        raise CloudError("no answer", where="nova")

    (line,) = shown(failed("c-1"), away)
    assert line.startswith("cannot read consoles: ")
    assert "no answer" in line


def test_the_tasks_are_those_of_the_playbook() -> None:
    text = (ANSIBLE / "site.yml").read_text()
    assert all(f"- name: {task}\n" in text for task in BOOT_TASKS)
