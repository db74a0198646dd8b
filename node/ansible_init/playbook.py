"""Runs playbooks with ansible-playbook on this node itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

#: Folder of the callback plugin that records the failed task.
CALLBACKS = Path(__file__).resolve().parent / "callbacks"
_CALLBACK = "last_failure"
#: Ansible's strategies of Mitogen, where the image has it (role `mitogen`): tasks take an eighth of the time.
STRATEGIES = Path(__file__).resolve().parents[2] / "mitogen" / "ansible_mitogen" / "plugins" / "strategy"
#: Where Ansible looks for collections that an image has.
_COLLECTIONS_OF_THE_IMAGE = "/root/.ansible/collections:/usr/share/ansible/collections"
_LONGEST_ERROR = 400


class PlaybookError(Exception):
    """Raised when a playbook fails; the text has the task and its message."""


@contextlib.contextmanager
def variables_file(variables: Mapping[str, Any], within: Path | None = None) -> Iterator[Path]:
    """Variables in a file that only this user can read, during the context; see `run` for ``within``."""
    with tempfile.TemporaryDirectory(prefix="ansible-init-", dir=within) as folder:
        path = Path(folder, "variables.json")
        path.write_text(json.dumps(variables), encoding="utf-8")
        yield path


def command(
    playbooks: Sequence[Path], variables: Path, program: str = "ansible-playbook", skip_tags: Sequence[str] = ()
) -> list[str]:
    """The command that runs playbooks here, one after another, without ssh."""
    skipped = ["--skip-tags", ",".join(skip_tags)] if skip_tags else []
    return [
        program, "--inventory", "localhost,", "--connection", "local", "--limit", "localhost",
        "--extra-vars", f"@{variables}", *skipped, *map(str, playbooks),
    ]  # fmt: skip


@contextlib.contextmanager
def _put_off(number: signal.Signals) -> Iterator[None]:
    """Delay a signal until after the block: its handler raises, and a new child would be lost."""
    came = []
    handler = signal.signal(number, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(number, handler)
    if came:
        signal.raise_signal(number)


def run(
    playbooks: Sequence[Path],
    variables: Mapping[str, Any],
    program: str = "ansible-playbook",
    within: Path | None = None,
    roles: Sequence[Path] = (),
    skip_tags: Sequence[str] = (),
    collections: Path | None = None,
) -> None:
    """Run playbooks in one process, until one fails; the output goes to this program's output.

    Args:
        playbooks: the files.
        variables: for it.
        program: the ansible-playbook to call.
        within: a folder in memory for all temporary files, including Ansible's, if the variables contain secrets: what
            a SIGKILL leaves behind disappears at the next boot and is never on a disk.
        roles: folders of roles, in order; default: the folder beside each playbook.
        skip_tags: tags of tasks that do not run.
        collections: a folder of collections, which come before those of the image.

    Raises:
        PlaybookError: it failed, or cannot be started.
    """
    with variables_file(variables, within) as file:
        failure = file.with_name("failure.json")
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": _CALLBACK,
            "ANSIBLE_INIT_FAILURE_FILE": str(failure),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "HOME": os.environ.get("HOME", "/root"),  # systemd gives none to system services
            "LC_ALL": "C.UTF-8",  # Ansible refuses to start in a locale without UTF-8
        }
        if within is not None:
            temporary = str(file.with_name("ansible"))
            environment |= {"ANSIBLE_LOCAL_TEMP": temporary, "ANSIBLE_REMOTE_TEMP": temporary}
        if STRATEGIES.is_dir():
            environment |= {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(STRATEGIES)}
        if roles:
            environment["ANSIBLE_ROLES_PATH"] = ":".join(map(str, roles))
        if collections is not None:
            environment["ANSIBLE_COLLECTIONS_PATH"] = f"{collections}:{_COLLECTIONS_OF_THE_IMAGE}"
        child = None
        try:
            with _put_off(signal.SIGTERM):
                child = subprocess.Popen(
                    command(playbooks, file, program, skip_tags),
                    cwd=playbooks[0].parent,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    # The caller may keep its own files private. What roles create without a mode is for everybody.
                    umask=0o022,
                )
            status = child.wait()
        except OSError as error:
            raise PlaybookError(f"cannot start {program}: {error.strerror}") from error
        except BaseException:
            if child is not None:
                child.terminate()
                child.wait()
            raise
        if status != 0:
            raise PlaybookError(explain(status, failure))


def explain(status: int, failure: Path) -> str:
    """A sentence about a failed playbook, from the callback's record."""
    ended = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
    try:
        record = json.loads(failure.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return f"ansible-playbook: {ended}; no task failed; see its output in the journal"
    message = " ".join(str(record["message"]).split())
    if len(message) > _LONGEST_ERROR:
        message = message[:_LONGEST_ERROR] + " ..."
    # The message first: Slurm's reason for a drained node has room for the beginning only.
    where = f", {record['path']}" if record.get("path") else ""
    return f"{message} (task '{record['task']}'{where})"
