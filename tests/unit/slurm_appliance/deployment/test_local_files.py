"""Whether this machine has the files of the recorded state."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.deployment.local_files import has_files, record_files
from slurm_appliance.engine.steps import COMMAND
from slurm_appliance.environment.folder import EnvironmentFolder


def state(**texts: str) -> dict[str, Any]:
    """A state with the three commands that the files come from."""
    both = {"inventory": "hosts", "secrets": "v1:encrypted", "host-keys": "keys"} | texts
    return {
        "resources": [
            {
                "type": COMMAND,
                "urn": f"urn:pulumi:test::slurm-appliance::{COMMAND}::{name}",
                "inputs": {"stdin": text if name != "host-keys" else "of a machine"},
                "outputs": {"stdout": text if name == "host-keys" else "of a run"},
            }
            for name, text in both.items()
        ]
    }


@pytest.fixture
def folder(tmp_path: Path) -> EnvironmentFolder:
    folder = EnvironmentFolder(tmp_path / "test")
    folder.write("inventory", {"inventory/hosts.yml": "hosts"})
    folder.write("secrets", {"secrets.yml": "secrets"})
    folder.known_hosts.write_text("keys")
    record_files(folder, state())
    return folder


def test_a_machine_that_wrote_them_has_them(folder: EnvironmentFolder) -> None:
    assert has_files(folder, state())


def test_a_new_machine_does_not(tmp_path: Path) -> None:
    assert not has_files(EnvironmentFolder(tmp_path / "other"), state())


@pytest.mark.parametrize("name", ["inventory", "secrets", "host-keys"])
def test_another_machine_has_brought_the_state_further(folder: EnvironmentFolder, name: str) -> None:
    assert not has_files(folder, state(**{name: "another"}))


HARMS: dict[str, Callable[[EnvironmentFolder], object]] = {
    "changed": lambda folder: (folder.folder / "secrets.yml").write_text("x"),
    "removed": lambda folder: (folder.inventory / "hosts.yml").unlink(),
    "no host keys": lambda folder: folder.known_hosts.unlink(),
    "no record": lambda folder: (folder.folder / ".secrets.json").unlink(),
    "another record": lambda folder: (folder.folder / ".inventory.json").write_text("[]"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_somebody_was_at_the_files(folder: EnvironmentFolder, harm: Callable[[EnvironmentFolder], object]) -> None:
    harm(folder)
    assert not has_files(folder, state())
