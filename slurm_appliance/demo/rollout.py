"""The demo's second half: a new image for the cluster, installed on compute nodes while a user's jobs run.

The checkout's stack file is not changed: a copy sets the next image as the cluster's image, and the demo then uses the
copy. It is deleted with the demo's cluster.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

from slurm_appliance.demo.run import STACK, DemoError, Entrance
from slurm_appliance.deployment import operations
from slurm_appliance.deployment.session import Session, open_session
from slurm_appliance.rollout import access
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.run import Rollout
from slurm_appliance.rollout.view import short
from slurm_appliance.rollout.watchers import PlainLines
from slurm_appliance.site_repository.place import OWN_STACKS
from toolchain.paths import state_folder

#: The changed setting, and its new build.
_SETTING = "slurm-appliance:cluster_image"
_NEXT = "next"
#: The number of a user's jobs, and the duration of each in seconds.
_JOBS = 16
_JOB_SECONDS = 8


def _copy() -> Path:
    # In a folder of its own: what is beside the folder of stack files is the site's layer.
    return state_folder("demo", "stacks", f"Pulumi.{STACK}.yaml")


def stacks() -> Path:
    """The folder of the stack file: the checkout's or, after the image change, the copy's."""
    return _copy().parent if _copy().exists() else OWN_STACKS


def forget() -> None:
    """Use the checkout's file again."""
    _copy().unlink(missing_ok=True)


def change_image(session: Session, say: Callable[[str], None]) -> None:
    """Build the next image and install it on all nodes.

    Raises:
        EngineError: a resource failed.
        RolloutError: a node did not come back.
        DemoError: a job was lost.
    """
    say(f"== another image: `{_SETTING}: {{ build: {_NEXT} }}`, then up ==")
    path = _copy()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        document = yaml.safe_load((OWN_STACKS / path.name).read_text())
        document["config"][_SETTING] = {"build": _NEXT}
        path.write_text(yaml.safe_dump(document, sort_keys=False))
    session = open_session(STACK, say, stacks=path.parent)
    operations.up(session, lambda _plan: True)

    reached = access.of_stack(STACK, path, session.cloud)
    rollout = Rollout(reached)
    names = rollout.select(None, ())
    say("== compute nodes still run the former image; Slurm installs the new one while jobs run ==")
    _show(rollout, names, say)
    entrance = Entrance.of(session)
    submit = f"sbatch --parsable --array=1-{_JOBS} --output=/dev/null --wrap 'sleep {_JOB_SECONDS}'"
    array = entrance.run(submit)
    say(entrance.shown(submit, array))
    end = rollout.run(names, Policy.of(reached.settings, len(names), rollout.reboot_limit()), PlainLines(say))
    rollout.judge(end)
    _show(rollout, names, say)
    say(_course_of(entrance, array))


def _show(rollout: Rollout, names: list[str], say: Callable[[str], None]) -> None:
    listed, _now = rollout.status(names)
    for row in listed:
        say(f"{row.nodes}: {row.slurm}, image {short(row.current)}, target {short(row.target)}: {row.state}")


def _course_of(entrance: Entrance, array: str) -> str:
    """Wait for all jobs, and return their results.

    Raises:
        DemoError: a job was lost.
    """
    # An empty job that starts after the array and so ends after it.
    entrance.run(f"srun --dependency=afterany:{array} true")
    told = entrance.run(f"sacct --noheader --allocations --parsable2 --format=State,NodeList --jobs={array}")
    ended = Counter(told.splitlines())
    lost = {line: count for line, count in ended.items() if not line.startswith("COMPLETED|")}
    if lost or ended.total() != _JOBS:
        raise DemoError(f"not all of the {_JOBS} jobs completed: {dict(ended)}", where=array)
    return "\n".join(f"{count} jobs {line.replace('|', ' on ')}" for line, count in sorted(ended.items()))
