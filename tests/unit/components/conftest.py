"""A deploy host for every test: a program that is not a preview writes files there."""

from pathlib import Path

import pytest

from slurm_appliance.environment.folder import EnvironmentFolder
from tests.unit.components import clusters


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EnvironmentFolder:
    """The environment's folder."""
    folder = tmp_path / "environments" / "test"
    monkeypatch.setattr(clusters, "FOLDER", folder)
    return EnvironmentFolder(folder)
