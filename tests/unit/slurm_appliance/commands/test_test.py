import pytest

from slurm_appliance.commands import test as command
from slurm_appliance.commands.test import Tier
from slurm_appliance.errors import CheckError


def answer(monkeypatch: pytest.MonkeyPatch, statuses: dict[str, int]) -> list[list[str]]:
    """Let pytest end with a status per tier; returns the calls made."""
    calls: list[list[str]] = []

    def run(call: list[str], **_: object) -> int:
        calls.append(call)
        return statuses[call[3].split("/")[1]]

    monkeypatch.setattr(command, "run_to_end", run)
    return calls


def test_runs_all_tiers_and_prints_how_long_each_took(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = answer(monkeypatch, {"unit": 0, "engine": 0, "lifecycle": 0})
    command.run_tests()
    assert [call[3] for call in calls] == ["tests/unit", "tests/engine", "tests/engine/cluster", "tests/lifecycle"]
    last = capsys.readouterr().out.splitlines()[-3:]
    assert [line.split()[:2] for line in last] == [["unit", "passed"], ["engine", "passed"], ["lifecycle", "passed"]]


def test_a_failed_tier_does_not_keep_the_others_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answer(monkeypatch, {"unit": 1, "engine": 0, "lifecycle": 0})
    with pytest.raises(CheckError, match=r": unit\b"):
        command.run_tests()
    assert len(calls) == 4


def test_a_filter_may_leave_a_tier_empty_but_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, {"unit": 0, "engine": 5, "lifecycle": 5})
    command.run_tests(["-k", "one"])
    answer(monkeypatch, {"unit": 5})
    with pytest.raises(CheckError) as refused:
        command.run_tests(["-k", "nothing"], [Tier.unit])
    assert "--" in refused.value.remedy


def test_more_arguments_reach_pytest() -> None:
    calls = command.pytest_commands(Tier.engine, ["-k", "ports"])
    assert [call[-2:] for call in calls] == [["-k", "ports"]] * 2
    assert "--ignore=tests/engine/cluster" in calls[0], "each test runs once"


def test_paths_stand_for_themselves() -> None:
    paths = ["tests/engine/cloud/test_network.py", "tests/unit/slurm_appliance/config", "-x"]
    calls = {tier: [call[3:] for call in command.pytest_commands(tier, paths)] for tier in Tier}
    assert calls == {
        Tier.unit: [["tests/unit/slurm_appliance/config", "-x"]],
        Tier.engine: [["tests/engine/cloud/test_network.py", "-x"]],
        Tier.lifecycle: [],
        Tier.vm: [],
    }


@pytest.mark.parametrize(("statuses", "together"), [([0, 5], 0), ([5, 0], 0), ([5, 5], 5), ([0, 1], 1), ([], 5)])
def test_one_tier_in_several_calls(statuses: list[int], together: int) -> None:
    assert command._together(statuses) == together
