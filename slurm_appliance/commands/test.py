"""``slurm-appliance test``: the test suite, by tier."""

import os
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from slurm_appliance.commands.checkout import refuse_without_checkout
from slurm_appliance.deploy_host.process import run_to_end
from slurm_appliance.errors import CheckError
from toolchain.paths import REPOSITORY

#: pytest's exit status if no test was selected.
_NOTHING_RAN = 5


class Tier(StrEnum):
    """The tiers, cheapest first."""

    unit = "unit"
    engine = "engine"
    lifecycle = "lifecycle"
    #: Servers with kernels of their own: two hours where they are emulated, so only by name.
    vm = "vm"


#: What runs if no tier is named.
_BY_DEFAULT = (Tier.unit, Tier.engine, Tier.lifecycle)

#: Variables for the tests of a tier. What the servers of their cloud are: see tests/engine/cloud_fixtures.py.
_VARIABLES = {Tier.vm: {"SLURM_APPLIANCE_TEST_SERVERS": "vm"}}

#: Folders of independent tests, without cloud and network: they run on all cores.
_APART = {Tier.unit: "tests/unit", Tier.engine: "tests/engine/cluster"}


def pytest_commands(tier: Tier, arguments: list[str]) -> list[list[str]]:
    """The pytest commands for one tier: independent tests on all cores, the others one by one.

    Args:
        tier: the tier.
        arguments: arguments for pytest; if they contain test paths, only those of the tier are run.
    """
    pytest = [sys.executable, "-m", "pytest"]
    # A single worker costs more than it saves.
    workers = ["--numprocesses", "auto"] if (os.cpu_count() or 1) > 1 else []
    whole, apart = f"tests/{tier}", _APART.get(tier)
    paths = [each for each in arguments if each.startswith("tests/")]
    if paths:
        others = {each for each in paths if each != whole and not each.startswith(f"{whole}/")}
        return [[*pytest, *(each for each in arguments if each not in others)]] if len(others) < len(paths) else []
    if apart is None:
        return [[*pytest, whole, *arguments]]
    rest = [[*pytest, whole, f"--ignore={apart}", *arguments]] if apart != whole else []
    return [*rest, [*pytest, apart, *workers, *arguments]]


def _together(statuses: list[int]) -> int:
    """The combined exit status: a failure's, otherwise that of a call that ran tests."""
    failed = [status for status in statuses if status not in {0, _NOTHING_RAN}]
    return failed[0] if failed else min(statuses, default=_NOTHING_RAN)


def run_tests(
    pytest_arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments for pytest, after --.", metavar="[-- PYTEST_ARGUMENTS]")
    ] = None,
    tier: Annotated[
        list[Tier] | None, typer.Option("--tier", "-t", help="Run only this tier; may be repeated.")
    ] = None,
) -> None:
    """Run the tests: unit (seconds), engine (real Pulumi engine, real OpenStack APIs), lifecycle (nodes that boot).

    The tier vm (virtual machines with kernels of their own) runs only if it is named.
    """
    refuse_without_checkout("test")
    outcomes: list[tuple[Tier, int, float]] = []
    for each in tier or _BY_DEFAULT:
        print(f"== {each} tier ==", flush=True)
        started = time.monotonic()
        calls = pytest_commands(each, pytest_arguments or [])
        variables = _VARIABLES.get(each, {})
        status = _together([run_to_end(call, folder=REPOSITORY, environment=variables) for call in calls])
        outcomes.append((each, status, time.monotonic() - started))

    words = {0: "passed", _NOTHING_RAN: "no test selected"}
    print("== tiers ==")
    for each, status, seconds in outcomes:
        print(f"{each:<10} {words.get(status, 'FAILED'):<17} {seconds:7.1f} s")
    failed = [each for each, status, _ in outcomes if status not in words]
    if failed:
        raise CheckError(f"tests failed in: {', '.join(failed)}", remedy="see the pytest output above")
    if all(status == _NOTHING_RAN for _, status, _ in outcomes):
        raise CheckError("no test selected", remedy="check the tier and the filters after --")
