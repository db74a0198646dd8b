"""The only module outside ``components/`` that uses Pulumi: stacks, and the four operations on them.

It imports pulumi on use, not on import: ``env`` and ``toolchain`` have to be fast.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from slurm_appliance.engine.program_here import program_here
from slurm_appliance.engine.quick_start import (
    engine_command,
    existing_stack,
    listing_variables,
    without_summary,
)
from slurm_appliance.engine.steps import Step
from slurm_appliance.errors import ApplianceError
from slurm_appliance.journal.errors import LockedError
from toolchain.ensure import Toolchain, ensure
from toolchain.paths import REPOSITORY
from toolchain.terminal import printable

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent, Stack

Operation = Literal["up", "preview", "refresh", "destroy"]

#: Begins Pulumi's advice about interrupted operations, which speaks of AWS' console; deployment/repair.py handles them.
_PENDING = "Attempting to deploy or update resources with "
#: Colour codes in Pulumi's messages.
_COLOUR = re.compile(r"<\{%.*?%\}>")


class EngineError(ApplianceError):
    """Raised when the engine ends an operation with an error.

    Attributes:
        problems: URN and message of each resource that failed.
    """

    problems: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class OperationOutcome:
    """The result of an operation.

    Attributes:
        changes: number of resources by what was (or, in a preview, would be) done: ``same``, ``create``, ``update``,
            ``replace``, ``delete`` and so on, the stack itself included.
        events: every engine event, in order. They contain inputs and outputs: never print them completely.
        output: the output of ``pulumi``.
        steps: the actual (or planned) step of each resource, without its content.
    """

    changes: Mapping[str, int]
    events: tuple["EngineEvent", ...] = field(repr=False)
    output: str = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False, default=())

    @property
    def unchanged(self) -> bool:
        """Whether nothing was (or would be) done."""
        return not set(self.changes) - {"same"}


class StackInUseError(EngineError):
    """Raised when a stack is locked whose state is not in a folder."""

    exit_status = LockedError.exit_status


def ensured_toolchain() -> Toolchain:
    """The complete toolchain.

    Raises:
        ToolchainError: a piece can be neither installed nor built.
    """
    return ensure()


def open_stack(
    name: str,
    pieces: Toolchain,
    *,
    variables: Mapping[str, str] | None = None,
    folder: Path = REPOSITORY,
    program: Callable[[], None] | None = None,
    project: str = "",
    exists: bool = False,
) -> "Stack":
    """Select a stack, or create it if missing.

    Args:
        name: the stack, which is the environment's name.
        pieces: the toolchain to use.
        variables: environment variables on top of this process's and the toolchain's: backend, passphrase, credentials.
        folder: the project's folder; with an inline program only the folder to work in.
        program: an inline program instead of the project's.
        project: the inline program's project name.
        exists: whether the stack is known to exist; then the engine is not asked for it.

    Raises:
        EngineError: the backend cannot be reached, or the secrets' passphrase is missing or wrong.
    """
    from pulumi import automation

    options = automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        env_vars={**pieces.variables(), **listing_variables(), **(variables or {})},
        pulumi_command=engine_command(pieces),
    )
    if exists and program is None:
        return existing_stack(name, options)
    try:
        if program is None:
            return automation.create_or_select_stack(name, work_dir=str(folder), opts=options)
        return automation.create_or_select_stack(name, project_name=project, program=program, opts=options)
    except automation.CommandError as error:
        raise EngineError(
            f"the stack cannot be opened: {_said(error)}",
            where=name,
            remedy="check PULUMI_BACKEND_URL (or `pulumi login`) and PULUMI_CONFIG_PASSPHRASE (or its _FILE)",
        ) from error


def run(
    stack: "Stack",
    operation: Operation,
    *,
    on_event: Callable[["EngineEvent"], None] | None = None,
    on_output: Callable[[str], None] | None = None,
    on_step: Callable[[Step, str], None] | None = None,
    on_message: Callable[[str, str, str], None] | None = None,
    targets: Sequence[str] = (),
    exclude: Sequence[str] = (),
    exclude_protected: bool = False,
    continue_on_error: bool = False,
    keep_events: bool = True,
    here: bool = False,
) -> OperationOutcome:
    """Run an operation.

    Args:
        stack: see open_stack.
        operation: the operation.
        on_event: called with each engine event as it comes.
        on_output: called with each line that ``pulumi`` prints.
        on_step: called with each step and its progress: ``begins``, ``ends`` or ``fails``.
        on_message: called with each message: its severity, the resource's URN (or nothing), its text.
        targets: URNs to limit the operation to; all resources when empty.
        exclude: URNs, ``*`` and ``**`` allowed in them, to leave alone; not in a destroy.
        exclude_protected: destroy everything except protected resources.
        continue_on_error: continue with resources that do not depend on a failed one; not in a preview.
        keep_events: whether the outcome has all events; with a thousand nodes they are large.
        here: run the program in this process; only in an ``up`` or a preview.

    Raises:
        EngineError: the operation failed; says which resource and why.
    """
    from pulumi.automation import CommandError, ConcurrentUpdateError

    events: list[EngineEvent] = []
    steps: list[Step] = []

    def keep(event: "EngineEvent") -> None:
        if keep_events or event.diagnostic_event or event.summary_event:
            events.append(event)
        if on_event:
            on_event(event)
        step, stage = step_of(event)
        if step and stage == "begins":
            steps.append(step)
        if step and on_step:
            on_step(step, stage)
        message = message_of(event)
        if message and on_message:
            on_message(*message)

    def print_line(line: str) -> None:
        if on_output:
            on_output(printable(line))

    options: dict[str, object] = {}
    if exclude:
        options["exclude"] = list(exclude)
    if exclude_protected:
        options["exclude_protected"] = True
    if continue_on_error:
        options["continue_on_error"] = True
    try:
        with (
            without_summary(stack),
            program_here(stack.workspace.env_vars) if here else nullcontext() as program,
        ):
            if program is not None:
                options["program"] = program
            result = getattr(stack, operation)(
                on_event=keep, on_output=print_line, color="never", target=list(targets) or None, **options
            )
    except ConcurrentUpdateError as error:
        remedy = "wait for the other operation; if it was killed, `pulumi cancel` removes its lock"
        raise StackInUseError(
            "another operation is running on this stack", where=stack.name, remedy=remedy, evidence=_said(error)
        ) from error
    except CommandError as error:
        raise _explain(operation, events, error) from error
    changes: dict[str, int] = {}
    for event in events:
        if event.summary_event:
            changes = {str(getattr(kind, "value", kind)): n for kind, n in event.summary_event.resource_changes.items()}
    return OperationOutcome(changes, tuple(events), f"{result.stdout}\n{result.stderr}", tuple(steps))


def message_of(event: "EngineEvent") -> tuple[str, str, str] | None:
    """The severity, URN and text of a message; None for other events, and for what our own repair has dealt with."""
    message = event.diagnostic_event
    if message is None:
        return None
    text = printable(_COLOUR.sub("", message.message)).strip()
    return None if text.startswith(_PENDING) else (message.severity, message.urn or "", text)


def step_of(event: "EngineEvent") -> tuple[Step | None, str]:
    """The step of an event, and whether it starts, ends or fails; None for other events."""
    for about, stage in (
        (event.resource_pre_event, "begins"),
        (event.res_outputs_event, "ends"),
        (event.res_op_failed_event, "fails"),
    ):
        if about is None:
            continue
        metadata = about.metadata
        states = [state for state in (metadata.new, metadata.old) if state]
        changed = tuple(metadata.detailed_diff or metadata.diffs or ())
        step = Step(
            urn=metadata.urn,
            type=metadata.type,
            op=str(getattr(metadata.op, "value", metadata.op)),
            parent=states[0].parent if states else "",
            changed=changed,
            replacing=tuple(metadata.keys or ()),
        )
        return step, stage
    return None, ""


def _explain(operation: Operation, events: Sequence["EngineEvent"], error: Exception) -> EngineError:
    """The engine's own error messages, each with its resource; its exit text only if there are none."""
    problems = [
        (printable(_COLOUR.sub("", event.diagnostic_event.message)).strip(), event.diagnostic_event.urn or "")
        for event in events
        if event.diagnostic_event and event.diagnostic_event.severity == "error"
    ]
    if not problems:
        return EngineError(f"pulumi {operation} failed: {_said(error)}")
    # The stack's own "update failed" comes last and adds nothing.
    first, *others = problems
    problems = [first, *((message, urn) for message, urn in others if "update failed" not in message)]
    more = "".join(f"\n{urn}: {message}" for message, urn in problems[1:])
    what, where = first
    explained = EngineError(f"{what}{more}", where=where)
    explained.problems = tuple((urn, message) for message, urn in problems)
    return explained


def _said(error: Exception) -> str:
    """The standard error of ``pulumi``, extracted from the automation API's exception."""
    return str(error).rpartition("stderr:")[2].strip().removeprefix("error: ")
