"""Gives each test the marker of the tier whose folder it lies in, and those that take minutes another one."""

from pathlib import Path

import pytest

TIERS = ("unit", "engine", "lifecycle")

#: Tests that build or copy images, kill updates, or run a whole Slurm or Pulp: minutes each.
EXTENDED = (
    "engine/cloud/test_snapshots.py",
    "engine/cloud/test_volumes.py",
    "engine/cluster",
    "engine/mirror",
    "engine/rollout",
    "lifecycle",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here)
        tier = folder.parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.path}: tests lie in one of {', '.join(TIERS)}")
        item.add_marker(tier)
        if any(folder.is_relative_to(each) for each in EXTENDED):
            item.add_marker("extended")
