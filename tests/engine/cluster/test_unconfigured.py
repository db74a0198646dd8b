"""A server that was rebuilt is configured, also where no input of site.yml differs from those of its last run."""

from pathlib import Path

import pytest

from slurm_appliance.engine.automation import EngineError
from tests.engine.cluster.recording import use_fixed_answers
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_images import images, rebuild_by_slurm
from tests.fakes.project import FakeProject
from tests.fakes.project.http import RefusalError, Request


@pytest.fixture
def whole(project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:  # noqa: ARG001 - before it
    """A cluster that is up, of which nothing is left out; nodes answer with fixed words."""
    use_fixed_answers(tmp_path, monkeypatch)
    rig = Rig(tmp_path, excluded=())
    rig.settings["ssh"] = {"private_key_file": "~/.ssh/cluster"}
    # A text that the inventory marks as data.
    rig.settings["motd"] = "Welcome {friend}"
    rig.up()
    return rig


def commands(rig: Rig) -> set[str]:
    """The names of the commands that the next run begins."""
    return {step.name for step in rig.preview().steps} & {"inventory", "host-keys", "site"}


def test_an_image_change_that_failed_half_way_and_is_taken_back(whole: Rig, project: FakeProject) -> None:
    login = whole.ids()["demo-login-0"]

    def refuse(request: Request) -> None:
        if request.method == "POST" and login in request.parts and "rebuild" in (request.body or {}):
            raise RefusalError(403, "not now")

    whole.settings["cluster_image"] = "image-b"
    project.api.before = refuse
    with pytest.raises(EngineError, match="not now"):
        whole.up()
    project.api.before = lambda _request: None
    assert images(project)["demo-control"] == "image-b"

    whole.settings["cluster_image"] = "image-a"
    assert commands(whole) == {"host-keys", "site"}
    whole.up()
    assert "demo-control was rebuilt since site.yml configured it: site.yml runs again" in whole.lines
    assert set(images(project).values()) == {"image-a"}
    assert set(whole.up().changes) == {"same"}


def test_a_server_that_somebody_rebuilt(whole: Rig, project: FakeProject) -> None:
    rebuild_by_slurm(project, "demo-login-0", "image-b")
    assert commands(whole) == {"host-keys", "site"}
    whole.up()
    assert images(project)["demo-login-0"] == "image-a"
    assert set(whole.up().changes) == {"same"}


def test_a_compute_node_configures_itself(whole: Rig, project: FakeProject) -> None:
    rebuild_by_slurm(project, "demo-c-0", "image-b")
    assert commands(whole) == set()
