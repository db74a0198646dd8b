import pytest

from slurm_appliance.errors import UsageError
from slurm_appliance.rollout.policy import unavailable_budget


@pytest.mark.parametrize(
    ("text", "nodes", "budget"),
    [("3", 100, 3), ("10%", 100, 10), ("10%", 9, 1), ("100%", 7, 7), (" 25% ", 10, 2), ("5", 2, 5)],
)
def test_counts_and_shares(text: str, nodes: int, budget: int) -> None:
    assert unavailable_budget(text, nodes) == budget


@pytest.mark.parametrize("text", ["", "0", "-1", "some", "0%", "101%", "1.5", "%"])
def test_what_is_not_a_number_of_nodes(text: str) -> None:
    with pytest.raises(UsageError, match="10%"):
        unavailable_budget(text, 10)
