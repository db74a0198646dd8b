"""Configurations with one mistake: settings on top of the smallest configuration, and the problem that follows."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.examples import smallest

ID = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"
CREATED = [{"network": "cluster", "create": {"cidr": "10.20.0.0/24"}}]

#: Settings; then path, what and remedy of the one problem that follows.
Mistake = tuple[dict[str, Any], str, str, str]


def group(*nodes: str, **settings: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "flavor": "m1.small", **settings}


def build(base: Any, **settings: Any) -> dict[str, Any]:
    return {"base_image": base, "flavor": "m1.small", **settings}


def check(mistake: Mistake) -> None:
    settings, path, what, remedy = mistake
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**settings), "a test")
    [problem] = caught.value.problems
    assert problem.path == path
    assert what in problem.what
    assert remedy in problem.remedy
