"""The site's own layer in a stack: what the engine sees of it, and that the state has no path of this machine."""

from pathlib import Path

import pytest

from slurm_appliance.engine.steps import SERVER
from slurm_appliance.errors import ApplianceError
from slurm_appliance.site_layer import node_collections
from slurm_appliance.site_layer.errors import SiteLayerError
from tests.engine.cluster.recording import replayed
from tests.engine.cluster.test_recorded import RECORDINGS
from tests.unit.slurm_appliance.site_layer.trees import collection, write

PLAY = "- hosts: localhost\n"


def test_a_new_layer_is_a_reason_to_run_site_yml_and_the_plan_says_so(tmp_path: Path) -> None:
    with replayed(RECORDINGS[-1], tmp_path) as rig:
        before = rig.preview()
        write(rig.folder, {f"environments/{rig.name}/hooks/site/pre.yml": PLAY})
        after = rig.preview()

    def site(plan: object) -> set[str]:
        return {path for step in plan.steps for path in step.changed if step.name == "site"}  # type: ignore[attr-defined]

    assert site(after) - site(before) == {"environment.SLURM_APPLIANCE_LAYER"}
    assert {step.name for step in after.steps} - {step.name for step in before.steps} <= {"site"}
    assert "layer" not in {note.path for note in before.notes}
    assert "layer" in {note.path for note in after.notes}


def test_a_layer_that_cannot_be_used_is_an_error_before_the_first_change(tmp_path: Path) -> None:
    with replayed(RECORDINGS[-1], tmp_path) as rig:
        write(rig.folder, {"site/hooks/site/misspelt.yml": PLAY})
        with pytest.raises(SiteLayerError) as caught:
            rig.preview()
        assert isinstance(caught.value, ApplianceError)
        assert caught.value.where == str(rig.folder / "site/hooks/site/misspelt.yml")


def test_collections_that_are_too_large_for_nodes_are_an_error_before_the_first_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_collections, "MOST_PACKED", 100)
    with replayed(RECORDINGS[-1], tmp_path) as rig:
        tarball = collection(rig.folder / "site/collections")
        write(
            rig.folder,
            {
                "site/requirements.yml": f"collections: [{{name: collections/{tarball.name}}}]\n",
                "site/hooks/compute-init/post.yml": "- {hosts: localhost, roles: [own.tools.hello]}\n",
            },
        )
        with pytest.raises(SiteLayerError, match=r"own\.tools \(\d+ packed\)"):
            rig.preview()


def test_an_own_entry_of_compute_init_changes_nothing_but_metadata(tmp_path: Path) -> None:
    with replayed(RECORDINGS[-1], tmp_path) as rig:
        rig.preview()
        write(rig.folder, {"site/roles/own/meta/node_variables.yml": "compute_init: scratch\nnode_variables: []\n"})
        after = rig.preview()

    servers = {step.name: (step.op, set(step.changed)) for step in after.steps if step.type == SERVER}
    assert servers
    assert all(kind == "update" for kind, _changed in servers.values()), servers
    assert {row.node for row in after.rows if "scratch" in str(servers.get(row.node))} == set(servers)
    assert not after.disruptive
