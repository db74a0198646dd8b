"""Reads the consoles of servers, the only information about a server that does not accept logins."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from slurm_appliance.errors import ApplianceError
from toolchain.terminal import printable

if TYPE_CHECKING:
    from slurm_appliance.playbooks.run import TaskFailure

#: Tasks of the playbooks that fail for nodes that have not come so far, or not in time.
BOOT_TASKS = ("Wait for ssh", "Report that ansible-init did not finish")
#: Lines of each console that are shown, and nodes that they are shown for.
_LINES = 12
_NODES = 5


def reader(cloud: str | None) -> Callable[[str], str]:
    """A function that returns the text of a server's console by server ID.

    Args:
        cloud: an entry of clouds.yaml; None to use the OS_* variables.

    Raises:
        CloudError: a query to the cloud fails.
    """
    from slurm_appliance.cloud.connection import asking, connect
    from slurm_appliance.cloud.listing import post

    compute = connect(cloud).compute

    def console(server: str) -> str:
        answer = asking(lambda: post(compute, f"/servers/{server}/action", {"os-getConsoleOutput": {}}), server)
        return str(answer.get("output") or "")

    return console


def explain(
    failures: "Iterable[TaskFailure]",
    instances: Mapping[str, str],
    console: Callable[[], Callable[[str], str]],
    say: Callable[[str], None],
) -> None:
    """Show the last console lines of nodes that did not boot in time.

    Args:
        failures: the failures of a playbook run.
        instances: server ids by inventory name.
        console: opens `reader`; only called if there is something to show.
        say: prints a line for the operator.
    """
    late = [failure.host for failure in failures if failure.task in BOOT_TASKS and failure.host in instances]
    if not late:
        return
    try:
        read = console()
        for name in late[:_NODES]:
            lines = [line for line in printable(read(instances[name]).replace("\r", "\n")).split("\n") if line.strip()]
            say(f"{name} did not boot in time; last lines of its console:" if lines else f"{name}'s console is empty")
            for line in lines[-_LINES:]:
                say(f"  | {line.strip()}")
    except ApplianceError as error:
        say(f"cannot read consoles: {error}")
    if late[_NODES:]:
        say(f"also late: {', '.join(late[_NODES:])}")
