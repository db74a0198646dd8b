"""``slurm-appliance demo``: the whole life of a cluster on one machine."""

import time
from typing import Annotated

import typer

from slurm_appliance.commands.output import say


def demo(
    down: Annotated[bool, typer.Option("--down", help="Delete the demo's cluster and cloud again.")] = False,
) -> None:
    """From this checkout to a cluster that runs jobs: a cloud on this machine, an image, a cluster. Needs root.

    Then the cluster gets another image: control and login nodes at once, compute nodes by Slurm, while jobs run.

    Installs what it needs and says what and why. Stopped at any point, it goes on there when it is started again.
    """
    from slurm_appliance.demo import rollout as change
    from slurm_appliance.demo import run as course
    from slurm_appliance.deployment.session import open_session

    started = time.monotonic()

    if down:
        course.take_down(say)
        change.forget()
        print("The demo's cluster and cloud are gone. Images and packages stay in the cache: the next demo is quick.")
        return
    session = course.bring_up(say, change.stacks())
    change.change_image(session, say)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"\nDone in {minutes} min {seconds} s.")
    print(f"Log in:           {course.login_command(open_session(course.STACK, say))}")
    print(f"Look at it:       ./slurm-appliance status --stack {course.STACK}")
    print(f"Test it:          ./slurm-appliance check-cluster --stack {course.STACK}")
    print("Remove it again:  ./slurm-appliance demo --down")
    print(f"By stacks/Pulumi.{course.STACK}.yaml the former image is the right one: the next up brings it back.")
