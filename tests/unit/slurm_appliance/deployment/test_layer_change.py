"""Whether a plan says that the site's own layer makes site.yml run."""

from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.deployment.layer_change import layer_notes
from tests.unit.slurm_appliance.site_layer.trees import layer_of

URN = (
    "urn:pulumi:demo::slurm-appliance::slurm-appliance:index:Cluster$slurm-appliance:index:Site"
    "$command:local:Command::site"
)


def state(digest: str | None) -> dict[str, Any]:
    environment = {"SLURM_APPLIANCE_PLAYBOOKS": "1"} | ({"SLURM_APPLIANCE_LAYER": digest} if digest else {})
    return {"resources": [{"urn": URN, "type": "command:local:Command", "inputs": {"environment": environment}}]}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, False, ""),
        (None, True, "new"),
        ("other", True, "changed"),
        ("same", True, ""),
        ("other", False, "gone"),
    ],
)
def test_a_plan_names_a_changed_layer(tmp_path: Path, before: str | None, now: bool, said: str) -> None:
    layer = layer_of(tmp_path, {"site/hooks/site/pre.yml": "[]"})
    recorded = layer.digest if before == "same" else before
    notes = layer_notes(state(recorded), layer if now else None)
    assert [note.path for note in notes] == (["layer"] if said else [])
    assert all(said in note.what for note in notes)


def test_a_stack_without_a_run_of_site_yml_has_nothing_to_compare(tmp_path: Path) -> None:
    layer = layer_of(tmp_path, {"site/hooks/site/pre.yml": "[]"})
    assert layer_notes({}, layer) == ()
    assert layer_notes({"resources": []}, layer) == ()
