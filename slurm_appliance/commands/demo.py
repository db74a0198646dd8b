"""``slurm-appliance demo``: the whole life of a cluster on one machine."""

import time
from typing import Annotated

import typer

from slurm_appliance.commands.output import say


def demo(
    down: Annotated[bool, typer.Option("--down", help="Delete the demo's cluster and cloud.")] = False,
) -> None:
    """Create a local cloud, an image and a cluster, then run jobs on it. Needs root.

    Then change the cluster's image: control and login nodes at once, compute nodes through Slurm, while jobs run.

    The demo installs what it needs and says why. If interrupted, run it again: it continues where it stopped.
    """
    from slurm_appliance.demo import rollout as change
    from slurm_appliance.demo import run as course
    from slurm_appliance.deployment.session import open_session

    started = time.monotonic()

    if down:
        course.take_down(say)
        change.forget()
        print("Deleted the demo's cluster and cloud. Images and packages stay in the cache for the next demo.")
        return
    session = course.bring_up(say, change.stacks())
    change.change_image(session, say)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"\nDone in {minutes} min {seconds} s.")
    print(f"Log in:           {course.login_command(open_session(course.STACK, say))}")
    print(f"Status:           ./slurm-appliance status --stack {course.STACK}")
    print(f"Check:            ./slurm-appliance check-cluster --stack {course.STACK}")
    print("Delete:           ./slurm-appliance demo --down")
    print(f"Note: stacks/Pulumi.{course.STACK}.yaml still names the former image; the next up switches back to it.")
