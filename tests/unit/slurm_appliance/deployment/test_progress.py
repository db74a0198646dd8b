"""Progress: steps in, lines with times out."""

from slurm_appliance.deployment.progress import StepProgress
from slurm_appliance.engine.steps import COMMAND, SERVER, Step


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def step(name: str, op: str = "create", group: str = "general", type_: str = SERVER) -> Step:
    return Step(f"urn:pulumi:t::p::{type_}::{name}", type_, op, f"urn:pulumi:t::p::G::{group}")


def test_a_part_is_said_when_it_begins_and_when_it_ends() -> None:
    lines: list[str] = []
    clock = Clock()
    steps = [step("a"), step("b")]
    progress = StepProgress(lines.append, steps, clock)
    progress.begins(steps[0])
    clock.now += 3
    progress.begins(steps[1])
    progress.ends(steps[0])
    clock.now += 62
    progress.ends(steps[1])
    assert lines == ["  0:00  general (2) ...", "  1:05  general: done in 65 s"]


def test_what_goes_on_is_said_now_and_then() -> None:
    lines: list[str] = []
    clock = Clock()
    steps = [step(str(number)) for number in range(100)]
    progress = StepProgress(lines.append, steps, clock)
    for each in steps:
        progress.begins(each)
        clock.now += 1
        progress.ends(each)
    assert lines[0] == "  0:00  general (100) ..."
    assert lines[1] == "  0:10  ... general 10/100"
    assert lines[-1] == "  1:40  general: done in 100 s"
    assert len(lines) == 11


def test_nothing_is_said_about_what_stays_or_holds_others_together() -> None:
    lines: list[str] = []
    progress = StepProgress(lines.append)
    for each in (
        step("a", "same"),
        step("b", type_="slurm-appliance:index:NodeGroup"),
        step("c", "create-replacement"),
    ):
        progress.begins(each)
        progress.ends(each)
    assert lines == []


def test_a_failure_is_named() -> None:
    lines: list[str] = []
    progress = StepProgress(lines.append, [step("a")], Clock())
    progress.begins(step("a"))
    progress.ends(step("a"), failed=True)
    assert lines[-1] == "  0:00  general: a failed"


def test_commands_speak_for_themselves() -> None:
    lines: list[str] = []
    clock = Clock()
    site = step("site", group="site", type_=COMMAND)
    progress = StepProgress(lines.append, [site], clock)
    progress.begins(site)
    clock.now += 60
    progress.begins(step("x"))
    progress.message(site.urn, "phase slurm", command=True)
    assert lines == ["  0:00  site ...", "  1:00  general ...", "  1:00  site: phase slurm"]
