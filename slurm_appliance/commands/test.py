"""``slurm-appliance test``: the test suite, tier by tier."""

import os
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from slurm_appliance.errors import CheckError
from slurm_appliance.process import run_to_end
from toolchain.paths import REPOSITORY

#: pytest's exit status where nothing was collected, or a filter let nothing through.
_NOTHING_RAN = 5


class Tier(StrEnum):
    """The three tiers, cheapest first."""

    unit = "unit"
    engine = "engine"
    lifecycle = "lifecycle"


def pytest_command(tier: Tier, arguments: list[str]) -> list[str]:
    """The pytest call for one tier; unit tests share nothing, so they run on all cores."""
    # One worker costs more than it brings.
    workers = ["--numprocesses", "auto"] if tier is Tier.unit and (os.cpu_count() or 1) > 1 else []
    return [sys.executable, "-m", "pytest", f"tests/{tier}", *workers, *arguments]


def run_tests(
    pytest_arguments: Annotated[
        list[str] | None, typer.Argument(help="More arguments for pytest, after --.", metavar="[-- PYTEST_ARGUMENTS]")
    ] = None,
    tier: Annotated[
        list[Tier] | None, typer.Option("--tier", "-t", help="Only this tier; may be given several times.")
    ] = None,
) -> None:
    """Run the tests: unit (seconds), engine (real Pulumi engine, real OpenStack APIs), lifecycle (nodes that boot)."""
    outcomes: list[tuple[Tier, int, float]] = []
    for each in tier or list(Tier):
        print(f"== {each} tier ==", flush=True)
        started = time.monotonic()
        status = run_to_end(pytest_command(each, pytest_arguments or []), folder=REPOSITORY)
        outcomes.append((each, status, time.monotonic() - started))

    words = {0: "passed", _NOTHING_RAN: "no test selected"}
    print("== tiers ==")
    for each, status, seconds in outcomes:
        print(f"{each:<10} {words.get(status, 'FAILED'):<17} {seconds:7.1f} s")
    failed = [each for each, status, _ in outcomes if status not in words]
    if failed:
        raise CheckError(f"tests failed in: {', '.join(failed)}", remedy="the pytest output above names them")
    if all(status == _NOTHING_RAN for _, status, _ in outcomes):
        raise CheckError("no test was selected", remedy="look at the tier and at the filters after --")
