"""slurmd's options: the controller, and what Slurm shows about the server, where slurmd takes that."""

import json
from pathlib import Path

import pytest

from tests.unit.ansible.roles import run_role

SERVER = "5e0b3f4e-0000-4000-8000-000000000001"
CONTROLLER = "--conf-server 10.0.0.1:6817"


@pytest.mark.parametrize(
    ("record", "server", "more"),
    [
        ({"name": "slurm-1a2b", "slurm": "24.11.5-4"}, SERVER, f" --instance-id {SERVER} --extra image=slurm-1a2b"),
        ({"name": "slurm-1a2b", "slurm": "22.05.8-4"}, SERVER, ""),
        # What would be a word or an option of its own is left out.
        ({"name": "my image -c", "slurm": "24.11.5-4"}, SERVER, f" --instance-id {SERVER}"),
        ({"name": "slurm-1a2b", "slurm": "24.11.5-4"}, 'x" -c', " --extra image=slurm-1a2b"),
        ({"name": "slurm-1a2b", "slurm": "24.11.5-4"}, None, " --extra image=slurm-1a2b"),
        (None, SERVER, ""),
    ],
)
def test_slurmd_s_options(tmp_path: Path, record: dict[str, str] | None, server: str | None, more: str) -> None:
    paths = {
        "slurmd_options_file": str(tmp_path / "slurmd"),
        "slurmd_record_file": str(tmp_path / "image.json"),
        "slurmd_instance_file": str(tmp_path / "instance-id"),
    }
    if record is not None:
        (tmp_path / "image.json").write_text(json.dumps(record))
    if server is not None:
        (tmp_path / "instance-id").write_text(f"{server}\n")

    first, again = run_role(tmp_path, "slurmd/options", paths, *2 * [{"control_address": "10.0.0.1"}])

    assert (tmp_path / "slurmd").read_text().splitlines()[-1] == f'SLURMD_OPTIONS="{CONTROLLER}{more}"'
    assert (first.changed, again.changed) == (True, False)
