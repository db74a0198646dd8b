"""What preflight checks say about a configuration and a cloud."""

from typing import Any

from slurm_appliance.config import from_mapping
from slurm_appliance.preflight import Findings, examine
from tests.unit.clouds import cloud
from tests.unit.slurm_appliance.config.examples import smallest

COMPUTE = {"nodes": ["c-[0-1]"], "flavor": "m1.small"}
LOGIN = {"nodes": ["login-0"], "flavor": "m1.small"}


def findings(facts: dict[str, Any] | None = None, **changes: Any) -> Findings:
    settings: dict[str, Any] = {
        "login": {"entry": LOGIN},
        "compute": {"general": COMPUTE},
        **changes,
    }
    config = from_mapping(smallest(**settings), "test", environment="test")
    return examine(
        config, cloud(volumes=(), **(facts or {})) if "volumes" not in (facts or {}) else cloud(**facts or {})
    )


def said(*given: Any, **changes: Any) -> list[str]:
    """The problems, each as ``path: what``, with the remedy after an arrow."""
    found = findings(*given, **changes)
    return [f"{problem.path}: {problem.what} → {problem.remedy}" for problem in found.problems]


def general(**more: Any) -> dict[str, Any]:
    return {"compute": {"general": {**COMPUTE, **more}}}


def entry(**more: Any) -> dict[str, Any]:
    return {"login": {"entry": {**LOGIN, **more}}}
