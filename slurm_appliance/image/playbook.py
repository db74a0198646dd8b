"""Runs the playbook in the build server by ansible-runner: all in a log, little on the screen, secrets nowhere."""

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner

from slurm_appliance.image.content import ANSIBLE, PLAYBOOK
from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.spec import GROUPS
from slurm_appliance.image.ssh import Door
from slurm_appliance.image.stop import Stop

#: The build server's name in the inventory.
HOST = "builder"
#: Environment variables that Ansible gets; no more, as ansible-runner writes its environment into its artifacts.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LOGNAME", "TMPDIR", "USER", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_MESSAGE = 1500


@dataclass
class Course:
    """What is seen of a run as it goes.

    Attributes:
        log: takes what Ansible prints.
        say: takes a line for the operator.
        failures: host, task and message of each failed task that ended its host's play.
    """

    log: Callable[[str], object]
    say: Callable[[str], None]
    failures: list[tuple[str, str, str]] = field(default_factory=list)

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take an event of ansible-runner's; False: it need not keep it."""
        text = event.get("stdout") or ""
        if text:
            self.log(_COLOUR.sub("", text) + "\n")
        data = event.get("event_data") or {}
        kind = event.get("event")
        if kind == "playbook_on_play_start":
            self.say(f"  {data.get('name') or data.get('play')}")
        elif kind == "runner_on_unreachable" or (kind == "runner_on_failed" and not data.get("ignore_errors")):
            self.failures.append((str(data.get("host")), str(data.get("task")), message(data.get("res") or {})))
        return False


def run(
    folder: Path,
    door: Door,
    groups: Sequence[str],
    variables: Mapping[str, Any],
    stop: Stop,
    say: Callable[[str], None],
) -> None:
    """Run the playbook to its end.

    Args:
        folder: private folder of the build; gets ``ansible.log``.
        door: the way into the server.
        groups: inventory groups that the server is in.
        variables: for the playbook; may hold secrets.
        stop: ends the run.
        say: takes a line for the operator.

    Raises:
        BuildError: a task failed; names it, its node and what it said.
        StoppedError: the build is to end.
    """
    work = folder / "ansible"
    work.mkdir(mode=0o700)
    inventory = work / "hosts.json"
    inventory.write_text(json.dumps(inventory_of(door, groups), indent=1))
    vars_file = work / "variables.json"
    vars_file.touch(mode=0o600)
    vars_file.write_text(json.dumps(variables))
    try:
        with (folder / "ansible.log").open("a", encoding="utf-8", buffering=1) as log, _environment():
            course = Course(log.write, say)
            # Not on the command line, where other users could read them: in a file of a private folder.
            ended = ansible_runner.run(
                private_data_dir=str(work),
                project_dir=str(ANSIBLE),
                playbook=PLAYBOOK,
                inventory=str(inventory),
                cmdline=f"--extra-vars @{vars_file}",
                event_handler=course.take,
                cancel_callback=lambda: stop.wanted,
                quiet=True,
                suppress_env_files=True,
                rotate_artifacts=1,
                settings={"pexpect_timeout": 1, "idle_timeout": 0},
            )
    finally:
        vars_file.unlink(missing_ok=True)
    stop.check()
    if ended.rc != 0:
        host, task, said = course.failures[-1] if course.failures else (HOST, "", f"ansible-playbook: {ended.status}")
        where = f"{PLAYBOOK}, host {host}, task '{task}'" if task else PLAYBOOK
        raise BuildError(said, where=where, remedy=f"the whole log: {folder / 'ansible.log'}")


def inventory_of(door: Door, groups: Sequence[str]) -> dict[str, Any]:
    """The inventory: one host, in the groups that the image is for; the other groups are there and empty."""
    host = {"ansible_host": door.alias, "ansible_ssh_common_args": f"-F '{door.config}'"}
    return {
        "all": {
            "hosts": {HOST: host},
            "children": {group: {"hosts": {HOST: None} if group in groups else {}} for group in GROUPS},
        }
    }


def message(result: Mapping[str, Any]) -> str:
    """What a failed task said: of a loop, its first failed item; of a command, the end of what it printed."""
    items = [item for item in result.get("results") or () if isinstance(item, Mapping) and item.get("failed")]
    source = items[0] if items else result
    said = str(source.get("msg") or source.get("censored") or "no message").strip()
    printed = str(source.get("stderr") or source.get("stdout") or "").strip()
    if printed and printed not in said and said not in printed:
        said = f"{said}: {printed[-_LONGEST_MESSAGE:]}"
    return said if len(said) <= _LONGEST_MESSAGE else said[:_LONGEST_MESSAGE] + " ..."


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """For as long as the context lasts, this process has the few variables that Ansible needs, and no credentials."""
    before = dict(os.environ)
    kept = {name: before[name] for name in _ENVIRONMENT if name in before}
    programs = str(Path(sys.executable).parent)
    os.environ.clear()
    os.environ.update(
        kept,
        PATH=f"{programs}:{before.get('PATH', '/usr/bin:/bin')}",
        ANSIBLE_CONFIG=str(ANSIBLE / "ansible.cfg"),
        ANSIBLE_HOST_KEY_CHECKING="True",
        PYTHONWARNINGS="ignore",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
