"""What servers print on their consoles: all that is known of one that cannot be logged in to."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from slurm_appliance.errors import ApplianceError
from toolchain.terminal import printable

if TYPE_CHECKING:
    from slurm_appliance.playbooks.run import TaskFailure

#: Tasks of the playbooks that fail for nodes that have not come so far, or not in time.
BOOT_TASKS = ("Wait for ssh", "Report a node whose ansible-init has not ended")
#: Lines of each console that are shown, and nodes that they are shown for.
_LINES = 12
_NODES = 5


def reader(cloud: str | None) -> Callable[[str], str]:
    """What gives the text on a server's console by the server's id.

    Args:
        cloud: an entry of clouds.yaml; None for what the OS_* variables say.

    Raises:
        CloudError: the cloud cannot be asked.
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
    """Show the end of the consoles of nodes that did not boot in time.

    Args:
        failures: how a run of a playbook failed.
        instances: server ids by inventory name.
        console: opens `reader`; only where there is something to show.
        say: takes a line for the operator.
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
