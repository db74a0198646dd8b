"""Runs a playbook with ansible-runner: full output in a log, short lines for the operator, no secrets."""

import contextlib
import importlib.util
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from node.ansible_init.unsafe import unsafe
from slurm_appliance.playbooks.workers import kill_workers
from toolchain.paths import REPOSITORY
from toolchain.terminal import printable

#: The folder of playbooks and roles.
ANSIBLE = REPOSITORY / "ansible"
#: Environment variables passed to Ansible; only these, so that it gets no credentials.
_ENVIRONMENT = (
    # "linear" runs everything without Mitogen.
    "ANSIBLE_STRATEGY",
    # The operator's file, or program, with the password of a site's own encrypted files.
    "ANSIBLE_VAULT_PASSWORD_FILE",
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "USER",
    "XDG_CACHE_HOME",
)
_LONGEST_MESSAGE = 1500
#: Seconds without a line for the operator, after which the task in progress is named.
_SILENCE = 60.0


@dataclass(frozen=True)
class TaskFailure:
    """A failed task of a host, or an unreachable host.

    Attributes:
        host: its inventory name.
        task: the task's name.
        message: its message.
    """

    host: str
    task: str
    message: str


@dataclass(frozen=True)
class PlaybookOutcome:
    """The result of a run.

    Attributes:
        status: ansible-runner's status: ``successful``, ``failed``, ``canceled``, ``timeout``.
        failures: the failures in order.
        changed: number of changes by host, if any.
        changed_tasks: number of changed hosts by task, in order.
        phases: durations by phase in seconds, in order.
        seconds: duration of the whole run.
    """

    status: str
    failures: tuple[TaskFailure, ...]
    changed: Mapping[str, int]
    changed_tasks: Mapping[str, int]
    phases: Mapping[str, float]
    seconds: float


@dataclass
class _Course:
    """The progress of a run."""

    log: TextIO
    say: Callable[[str], None]
    failures: list[TaskFailure] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    changed_tasks: dict[str, int] = field(default_factory=dict)
    phase: str = ""
    task: str = ""
    clock: Callable[[], float] = time.monotonic
    started: float = 0.0
    since: float = 0.0
    task_since: float = 0.0
    said: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.since = self.task_since = self.said = self.clock()

    def take(self, event: Mapping[str, Any]) -> bool:
        """Process an event of ansible-runner; return False, so that it is not stored."""
        text = event.get("stdout") or ""
        if text:
            self.log.write(printable(text) + "\n")
        data = event.get("event_data") or {}
        match event.get("event"):
            case "playbook_on_play_start":
                self._begin(str(data.get("name") or data.get("play")))
            case "playbook_on_task_start":
                self.task, self.task_since = printable(str(data.get("task"))), self.clock()
            case "runner_on_ok" if _result(data).get("changed") is True:
                task = printable(str(data.get("task")))
                self.changed_tasks[task] = self.changed_tasks.get(task, 0) + 1
            case "runner_on_unreachable":
                self._fail(data)
            case "runner_on_failed" if not data.get("ignore_errors"):
                self._fail(data)
            case "runner_retry":
                self._progress(_result(data))
            case "playbook_on_stats":
                self.changed = {host: count for host, count in (data.get("changed") or {}).items() if count}
        return False

    def _begin(self, play: str) -> None:
        phase, separator, rest = play.partition(": ")
        phase = phase.lower()
        if not separator:
            return
        self.end_phase()
        self.phase = phase
        self._print(f"{phase}: {rest}")

    def tick(self) -> None:
        """Name the task in progress if nothing was printed for long."""
        now = self.clock()
        if self.task and now - self.said >= _SILENCE:
            self._print(f"  '{self.task}' has been running for {now - self.task_since:.0f} s")

    def _progress(self, result: Mapping[str, Any]) -> None:
        """Print what a task that waits said about its progress: a JSON document with the key ``progress``."""
        try:
            document = json.loads(_text(result.get("stdout")))
        except ValueError:
            return
        progress = document.get("progress") if isinstance(document, dict) else None
        if isinstance(progress, str):
            self._print(f"  {' '.join(printable(progress).split())}")

    def _print(self, text: str) -> None:
        self.said = self.clock()
        self.say(f"[{self.said - self.started:6.1f} s] {text}")

    def end_phase(self) -> None:
        """Add the seconds since the last play began to its phase."""
        now = self.clock()
        if self.phase:
            self.phases[self.phase] = round(self.phases.get(self.phase, 0.0) + now - self.since, 1)
        self.since = now

    def _fail(self, data: Mapping[str, Any]) -> None:
        result = _result(data)
        if result.get("ignore_unreachable"):
            return
        failure = TaskFailure(printable(str(data.get("host"))), printable(str(data.get("task"))), message(result))
        self.failures.append(failure)
        self.say(f"           {failure.host}: {failure.task}: {_first_line(failure.message)}")


#: How a run ends that nobody ended.
_BY_ITSELF = ("successful", "failed")


def run_playbook(
    playbook: Path,
    inventory: Path | Sequence[Path],
    log: TextIO,
    say: Callable[[str], None],
    *,
    folder: Path,
    variables: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    skip_tags: Sequence[str] = (),
    facts: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PlaybookOutcome:
    """Run a playbook.

    Args:
        playbook: the file.
        inventory: file or folder; of several, later ones take precedence.
        log: file for Ansible's full output.
        say: prints a line for the operator.
        folder: for Ansible's files during the run; after a ``kill -9`` the next run finds and removes them there.
        variables: variables for the playbook, never rendered as templates; may contain secrets.
        environment: additional environment variables for Ansible.
        skip_tags: tags that are skipped.
        facts: the folder of Ansible's cache of facts. Not given: it is not kept.
        cancelled: polled; True stops the run.
    """
    import ansible_runner

    course = _Course(log, say)

    def ended_early() -> bool:
        course.tick()
        return cancelled()

    with tempfile.TemporaryDirectory(dir=folder) as work, _only(environment or {}):
        values = Path(work, "variables.json")
        values.touch(mode=0o600)
        values.write_text(json.dumps(unsafe(dict(variables or {}))))
        # Variables are not on the command line, where other users could read them.
        options = ["--extra-vars", f"@{values}"] if variables else []
        options += ["--skip-tags", ",".join(skip_tags)] if skip_tags else []
        status = ""
        try:
            ended = ansible_runner.run(
                private_data_dir=work,
                project_dir=str(playbook.parent),
                playbook=playbook.name,
                inventory=str(inventory) if isinstance(inventory, Path) else [str(each) for each in inventory],
                cmdline=shlex.join(options) or None,
                fact_cache=str(facts) if facts else None,
                event_handler=course.take,
                cancel_callback=ended_early,
                quiet=True,
                suppress_env_files=True,
                settings={"pexpect_timeout": 1, "idle_timeout": 0},
            )
            status = str(ended.status)
        finally:
            if status not in _BY_ITSELF:
                kill_workers(Path(work))
    course.end_phase()
    return PlaybookOutcome(
        status=status,
        failures=tuple(course.failures),
        changed=course.changed,
        changed_tasks=course.changed_tasks,
        phases=course.phases,
        seconds=round(course.clock() - course.started, 1),
    )


def _result(data: Mapping[str, Any]) -> Mapping[str, Any]:
    # A module on a node wrote it: it may be any JSON.
    result = data.get("res")
    return result if isinstance(result, Mapping) else {}


def message(result: Mapping[str, Any]) -> str:
    """The message of a failed task: for a loop, of its first failed item; for a command, the end of its output.

    Never empty, and safe for a terminal.
    """
    results = result.get("results")
    listed = results if isinstance(results, list) else []
    items = [item for item in listed if isinstance(item, Mapping) and item.get("failed")]
    source = items[0] if items else result
    said = _text(source.get("msg") or source.get("censored")) or "no message"
    printed = _text(source.get("stderr") or source.get("stdout"))
    if printed and printed not in said and said not in printed:
        said = f"{said}: {printed[-_LONGEST_MESSAGE:]}"
    return said if len(said) <= _LONGEST_MESSAGE else said[:_LONGEST_MESSAGE] + " ..."


def mitogen_strategies() -> Path:
    """Ansible's strategies of Mitogen: one Python a node for all tasks, instead of a new one for each."""
    found = importlib.util.find_spec("ansible_mitogen")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("ansible_mitogen is not installed", name="ansible_mitogen")
    return Path(found.origin).parent / "plugins" / "strategy"


def _first_line(text: str) -> str:
    return " ".join(text.splitlines()[0].split())[:200]


def _text(value: object) -> str:
    return printable(str(value)).strip() if value else ""


@contextlib.contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    """During the context, this process has only Ansible's variables, and no credentials."""
    before = dict(os.environ)
    kept = {name: before[name] for name in _ENVIRONMENT if name in before}
    os.environ.clear()
    os.environ.update(
        {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(mitogen_strategies())} | kept,
        PATH=f"{Path(sys.executable).parent}:{before.get('PATH', '/usr/bin:/bin')}",
        ANSIBLE_CONFIG=str(ANSIBLE / "ansible.cfg"),
        PYTHONWARNINGS="ignore",
        **environment,
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
