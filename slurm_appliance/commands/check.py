"""``slurm-appliance check``: the checks that every change must pass."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from slurm_appliance.commands.checkout import refuse_without_checkout
from slurm_appliance.errors import CheckError, UsageError
from toolchain.paths import REPOSITORY


@dataclass(frozen=True)
class Gate:
    """One tool that must report no problems.

    Attributes:
        name: its name on the command line.
        command: the command, run in the folder.
        folder: its working folder.
        fix: the command that fixes what it can; empty if there is none.
        environment: its environment variables; default: this process's.
    """

    name: str
    command: tuple[str, ...]
    folder: Path = REPOSITORY
    fix: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True)
class GateOutcome:
    """The result of one gate: exit status, output, seconds."""

    gate: Gate
    status: int
    output: str
    seconds: float


def gates() -> list[Gate]:
    """All gates, the slowest first, so that two cores finish together."""
    from toolchain import go

    python = (sys.executable, "-m")
    program = go.go_executable()
    # The toolchain's environment, to reuse its compiled dependencies.
    building = go.environment(program)
    return [
        Gate("types", (*python, "mypy")),
        Gate("ansible", ("ansible-lint", "--offline", "--strict", "--nocolor"), REPOSITORY / "ansible"),
        *(
            Gate(f"go-{module.name}", (str(program), "vet", "./..."), module, environment=building)
            for module in go.modules()
        ),
        Gate("lint", (*python, "ruff", "check"), fix=(*python, "ruff", "check", "--fix")),
        Gate("format", (*python, "ruff", "format", "--check"), fix=(*python, "ruff", "format")),
        Gate("shell", ("shellcheck", *shell_scripts())),
    ]


def shell_scripts() -> list[str]:
    """The checkout's shell scripts, detected by their first line, sorted by name."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return [name for name in tracked.stdout.split("\0") if name and _is_shell(REPOSITORY / name)]


def _is_shell(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"/sh", b"/bash", b" sh", b" bash"))


def run_gate(gate: Gate, command: Sequence[str]) -> GateOutcome:
    """Run one gate's command and collect its output."""
    started = time.monotonic()
    ended = subprocess.run(
        command,
        cwd=gate.folder,
        env=gate.environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return GateOutcome(gate, ended.returncode, ended.stdout, time.monotonic() - started)


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Run only these gates: types, ansible, go-..., lint, format, shell.", metavar="[GATE]..."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Fix first what the tools can fix automatically.")] = False,
) -> None:
    """Run the checks that every change must pass: formatting, lint, types, Ansible, Go and shell."""
    refuse_without_checkout("check")
    chosen = gates()
    if names:
        unknown = sorted(set(names) - {gate.name for gate in chosen})
        if unknown:
            known = ", ".join(gate.name for gate in chosen)
            raise UsageError(f"unknown gate: {', '.join(unknown)}", remedy=f"the gates are: {known}")
        chosen = [gate for gate in chosen if gate.name in names]
    if fix:
        for gate in chosen:
            if gate.fix:
                run_gate(gate, gate.fix)
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda gate: run_gate(gate, gate.command), chosen):
            word = "FAILED" if outcome.status else "passed"
            print(f"{outcome.gate.name:<12} {word:<7} {outcome.seconds:7.1f} s", flush=True)
            if outcome.status:
                failed.append(outcome.gate.name)
                print(outcome.output, flush=True)
    if failed:
        raise CheckError(f"gates failed: {', '.join(failed)}", remedy="see their output above; try check --fix")
