"""The rules of command:local:Command over a life: create, nothing to do, a change of inputs, deletion.

All commands live in one stack that goes through its life once; each test looks at what one of them left behind. A
command writes a line into the log of its name whenever it runs.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_command import local

from slurm_appliance.engine.automation import OperationOutcome
from tests.engine.pulumi_fixtures import Sandbox
from toolchain.ensure import Toolchain

SECRET = "hunter2-in-the-clear"
LONG_LINE = 200_000


def program(folder: Path, version: str, seen: dict[str, Any]) -> None:
    """The commands; what depends on the version changes in the middle of their life."""
    # `log create` appends "create" to the command's log; $V is the version that the command was given.
    (folder / "work").mkdir(exist_ok=True)
    log = f'log() {{ echo "$*" >> {folder}/logs/$NAME; }}; '

    def command(name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        inputs["environment"] = {"NAME": name, **inputs.get("environment", {})}
        inputs.setdefault("create", "log create $V")
        for verb in ("create", "update", "delete"):
            if verb in inputs and "interpreter" not in inputs:
                inputs[verb] = log + inputs[verb]
        made = local.Command(name, opts=opts, **inputs)
        made.stdout.apply(lambda value: seen.__setitem__(name, value))

    env: dict[str, Any] = {"environment": {"V": version}}
    command("with-update", update="log update $V", delete="log delete $V", **env)
    command("without-update", delete="log delete $V", **env)
    command("stdin", create='log create "$(cat)"', update='log update "$(cat)"', stdin=version)
    command("triggers", delete="log delete $V", triggers=[version], environment={"V": version})
    command("unchanged", create="log create; echo steady")

    outputs = 'log update "[$PULUMI_COMMAND_STDOUT|$PULUMI_COMMAND_STDERR]"; echo changed'
    first = "echo first; echo problem >&2"
    command("previous", create=first, update=outputs, delete='log delete "[$PULUMI_COMMAND_STDOUT]"', **env)
    command("no-previous", create=first, update=outputs, add_previous_output_in_env=False, **env)

    command("dir", create="log create; pwd", dir=str(folder / "work"))
    command("interpreter", create="print(sum(range(5)))", interpreter=["python3", "-c"])
    files = (
        "mkdir -p out/deep; echo 1 > out/a.txt; echo 2 > out/deep/b.txt; echo 3 > out/secret.txt; echo 4 > out/c.bin"
    )
    globs = ["out/**.txt", "!**secret.*"]
    command("assets", create=files, dir=str(folder / "work"), asset_paths=globs, archive_paths=["out/*.bin"])

    talk = "echo $NAME says out; echo $NAME says err >&2"
    command("log-default", create=talk)
    command("log-stdout", create=talk, logging="stdout")
    command("log-stderr", create=talk, logging="stderr")
    command("log-none", create=talk, logging="none")

    command("long-line", create=f"head -c {LONG_LINE} /dev/zero | tr '\\0' x; echo; echo end")
    command("background", create="sleep 600 & echo $! > background.pid; echo done", dir=str(folder / "work"))

    hidden = pulumi.Output.secret(SECRET)
    quiet: dict[str, Any] = {"logging": "none", "opts": pulumi.ResourceOptions(additional_secret_outputs=["stdout"])}
    command("secret-stdin", create='log create "$(wc -c)"', stdin=hidden)
    command("secret-environment", create='log create ${#TOKEN}; echo "$TOKEN"', environment={"TOKEN": hidden}, **quiet)

    (folder / "logs/run").touch()
    run = local.run_output(command=f"echo ran >> {folder}/logs/run; echo read")
    run.stdout.apply(lambda value: seen.__setitem__("run", value))


@dataclass
class Phase:
    """What one operation left behind: its outcome, each log as it was then, the values that the program saw."""

    outcome: OperationOutcome
    logs: dict[str, list[str]]
    seen: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    state_text: str

    def done_to(self, name: str) -> list[str]:
        """The steps that the engine took for a command, in their order."""
        return [
            str(getattr(event.resource_pre_event.metadata.op, "value", event.resource_pre_event.metadata.op))
            for event in self.outcome.events
            if event.resource_pre_event and event.resource_pre_event.metadata.urn.endswith(f"::{name}")
        ]

    def messages(self, name: str) -> str:
        """What was logged for a command."""
        found = [event.diagnostic_event for event in self.outcome.events if event.diagnostic_event]
        return "".join(event.message for event in found if (event.urn or "").endswith(f"::{name}"))


@dataclass
class Life:
    """The phases in their order."""

    folder: Path
    created: Phase = field(init=False)
    again: Phase = field(init=False)
    previewed: Phase = field(init=False)
    changed: Phase = field(init=False)
    destroyed: Phase = field(init=False)


@pytest.fixture(scope="module")
def life(toolchain_with_our_plugins: Toolchain, stack_folders: Callable[[], Path]) -> Iterator[Life]:
    sandbox = Sandbox(stack_folders(), toolchain_with_our_plugins)
    folder = sandbox.folder
    (folder / "logs").mkdir()

    def phase(operation: Any, version: str) -> Phase:
        seen: dict[str, Any] = {}
        outcome = sandbox.run(operation, lambda: program(folder, version, seen))
        logs = {path.name: path.read_text().splitlines() for path in (folder / "logs").iterdir()}
        return Phase(outcome, logs, seen, sandbox.resources(), sandbox.state_text())

    whole = Life(folder)
    try:
        whole.created = phase("up", "one")
        whole.again = phase("up", "one")
        whole.previewed = phase("preview", "two")
        whole.changed = phase("up", "two")
        whole.destroyed = phase("destroy", "two")
        yield whole
    finally:
        for left_behind in folder.glob("work/*.pid"):
            os.kill(int(left_behind.read_text()), signal.SIGKILL)


def test_create_runs_once_on_creation(life: Life) -> None:
    assert life.created.logs["with-update"] == ["create one"]
    assert life.created.done_to("with-update") == ["create"]


def test_a_second_up_changes_nothing_and_runs_nothing(life: Life) -> None:
    assert life.again.outcome.unchanged
    assert {k: v for k, v in life.again.logs.items() if k != "run"} == {
        k: v for k, v in life.created.logs.items() if k != "run"
    }


def test_a_changed_environment_runs_update(life: Life) -> None:
    assert life.changed.done_to("with-update") == ["update"]
    assert life.changed.logs["with-update"] == ["create one", "update two"]


def test_a_changed_input_runs_create_where_there_is_no_update(life: Life) -> None:
    assert life.changed.done_to("without-update") == ["update"]
    assert life.changed.logs["without-update"] == ["create one", "create two"]


def test_a_changed_stdin_runs_update_with_it(life: Life) -> None:
    assert life.changed.logs["stdin"] == ["create one", "update two"]


def test_changed_triggers_replace_and_the_old_delete_runs_after_the_new_create(life: Life) -> None:
    steps = life.changed.done_to("triggers")
    assert steps.index("create-replacement") < steps.index("delete-replaced")
    assert life.changed.logs["triggers"] == ["create one", "create two", "delete one"]


def test_unchanged_inputs_run_nothing_while_others_change(life: Life) -> None:
    assert life.changed.done_to("unchanged") == ["same"]
    assert life.changed.logs["unchanged"] == ["create"]


def test_preview_runs_no_command(life: Life) -> None:
    commands = life.again.logs.keys() - {"run"}
    assert {name: life.previewed.logs[name] for name in commands} == {name: life.again.logs[name] for name in commands}


def test_preview_of_changed_inputs_makes_outputs_unknown(life: Life) -> None:
    assert life.previewed.outcome.changes["update"] >= 3
    assert "with-update" not in life.previewed.seen
    assert life.previewed.seen["unchanged"] == "steady"


def test_update_gets_the_previous_output_in_its_environment(life: Life) -> None:
    assert life.changed.logs["previous"] == ["update [first|problem]"]


def test_no_previous_output_where_that_is_switched_off(life: Life) -> None:
    assert life.changed.logs["no-previous"] == ["update [|]"]


def test_the_new_output_replaces_the_previous_one(life: Life) -> None:
    recorded = life.changed.resources["previous"]["outputs"]
    assert (recorded["stdout"], recorded["stderr"]) == ("changed", "")


def test_destroy_runs_delete_with_the_recorded_inputs_and_output(life: Life) -> None:
    assert life.destroyed.logs["with-update"][-1] == "delete two"
    assert life.destroyed.logs["previous"][-1] == "delete [changed]"
    assert life.destroyed.resources == {}


def test_the_switch_for_previous_output_is_recorded_with_its_default(life: Life) -> None:
    assert life.created.resources["unchanged"]["inputs"]["addPreviousOutputInEnv"] is True
    assert life.created.resources["no-previous"]["inputs"]["addPreviousOutputInEnv"] is False


def test_a_command_runs_in_its_directory(life: Life) -> None:
    assert life.created.seen["dir"] == str(life.folder / "work")


def test_an_interpreter_gets_the_command_as_its_last_argument(life: Life) -> None:
    assert life.created.seen["interpreter"] == "10"


def test_only_the_last_newline_is_taken_off_the_output(life: Life) -> None:
    assert life.created.seen["long-line"].endswith("x\nend")


def test_asset_paths_return_the_files_that_the_globs_select(life: Life) -> None:
    assets = life.created.resources["assets"]["outputs"]["assets"]
    assert assets.keys() == {"out/a.txt", "out/deep/b.txt"}
    assert assets["out/a.txt"]["path"] == str(life.folder / "work/out/a.txt")


def test_archive_paths_return_one_archive(life: Life) -> None:
    archive = life.created.resources["assets"]["outputs"]["archive"]
    assert archive["assets"].keys() == {"out/c.bin"}


@pytest.mark.parametrize(
    ("logging", "out", "err"),
    [("default", True, True), ("stdout", True, False), ("stderr", False, True), ("none", False, False)],
)
def test_logging_selects_the_streams(life: Life, logging: str, out: bool, err: bool) -> None:
    logged = life.created.messages(f"log-{logging}")
    assert ("says out" in logged, "says err" in logged) == (out, err)
    recorded = life.created.resources[f"log-{logging}"]["outputs"]
    assert recorded["stdout"].endswith("says out")
    assert recorded["stderr"].endswith("says err")


def test_a_line_of_any_length_does_not_hang(life: Life) -> None:
    assert len(life.created.seen["long-line"]) == LONG_LINE + len("\nend")


def test_a_background_child_that_keeps_stdout_open_does_not_hang(life: Life) -> None:
    assert life.created.seen["background"] == "done"


@pytest.mark.parametrize("phase", ["created", "again", "previewed", "changed", "destroyed"])
def test_secrets_stay_secret(life: Life, phase: str) -> None:
    looked_at: Phase = getattr(life, phase)
    assert SECRET not in looked_at.state_text
    assert SECRET not in looked_at.outcome.output
    assert not any(SECRET in line for lines in looked_at.logs.values() for line in lines)


def test_commands_get_secrets_in_the_clear(life: Life) -> None:
    assert life.created.logs["secret-stdin"] == [f"create {len(SECRET)}"]
    assert life.created.logs["secret-environment"] == [f"create {len(SECRET)}"]


def test_run_executes_in_previews_too(life: Life) -> None:
    assert life.previewed.seen["run"] == "read"
    assert len(life.previewed.logs["run"]) > len(life.again.logs["run"])


def test_no_operation_prints_a_warning(life: Life) -> None:
    phases = [life.created, life.again, life.previewed, life.changed, life.destroyed]
    assert [line for phase in phases for line in phase.outcome.output.splitlines() if "warning" in line.lower()] == []
