"""The program in the process of the command: what it does is the same as in a process of its own."""

import gc
import os
from pathlib import Path

import pytest

from slurm_appliance.deployment import session
from slurm_appliance.engine import automation
from tests.engine.cluster.rig import Rig


@pytest.fixture
def here(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """An environment whose program this process runs."""
    monkeypatch.setattr(session, "STACKS", rig.stacks)
    rig.alone = True
    assert rig.session().runs_program
    return rig


def test_it_plans_and_does_the_same_as_in_a_process_of_its_own(here: Rig) -> None:
    before = dict(os.environ)
    done = here.up()
    assert done.changes["create"] > 10
    assert set(here.up().changes) == {"same"}
    here.alone = False
    assert not here.session().runs_program
    assert not here.preview().steps
    here.settings["cluster_image"] = "image-b"
    apart = here.preview()
    here.alone = True
    assert set(here.preview().steps) == set(apart.steps) != set()
    assert (dict(os.environ), gc.isenabled()) == (before, True)


def test_mistakes_of_the_program_are_told(here: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('a mistake')\n")
    monkeypatch.setattr("slurm_appliance.engine.program_here.REPOSITORY", tmp_path)
    with pytest.raises(automation.EngineError, match="a mistake"):
        here.preview()
    (tmp_path / "__main__.py").write_text("raise ValueError('another')\n")
    with pytest.raises(automation.EngineError, match="another"):
        here.preview()
    assert gc.isenabled()


def test_large_clusters_and_processes_that_do_more_have_one_of_its_own(here: Rig) -> None:
    here.settings["compute"]["general"]["nodes"] = ["c-[0-200]"]
    assert not here.session().runs_program
