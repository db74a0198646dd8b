"""Gives each test the marker of the tier whose folder it lies in."""

from pathlib import Path

import pytest

TIERS = ("unit", "engine", "lifecycle")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        tier = item.path.relative_to(here).parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.path}: tests lie in one of {', '.join(TIERS)}")
        item.add_marker(tier)
