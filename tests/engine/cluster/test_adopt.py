"""Existing resources are taken into an empty state, and no server notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.deployment.adoption import adopt, plan_adoption
from slurm_appliance.deployment.adoption_plan import Adopted, AdoptionError
from slurm_appliance.deployment.counterparts import Fate
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import FILE
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_interrupted import complete
from tests.fakes.project import FakeProject
from tests.fakes.project.http import Request

#: What adopt must never create, delete or act on.
_UNTOUCHED = ("servers", "ports", "volumes", "networks", "subnets", "security-groups", "security-group-rules")


@pytest.fixture
def touched(project: FakeProject) -> Iterator[list[str]]:
    """The calls that create, delete or act on servers, ports, volumes and so on, from now on."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if request.method in ("POST", "DELETE") and set(_UNTOUCHED) & set(request.parts):
            seen.append(f"{request.method} {'/'.join(request.parts)}")

    project.api.before = note
    yield seen
    project.api.before = lambda _request: None


def lose_state(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = rig.folder / "empty"
    empty.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{empty}")


def adopted(rig: Rig, **options: bool) -> Adopted:
    done = adopt(rig.session(), lambda _plan: True, **options)
    assert done is not None
    assert done.remaining is not None
    return done


def test_a_lost_state_is_made_anew_from_what_exists(
    rig: Rig, project: FakeProject, touched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    before = {kind: rig.ids(kind) for kind in ("Instance", "Port", "Volume", "SecGroupRule", "ApplicationCredential")}
    secrets = (EnvironmentFolder.of("test").folder / FILE).read_text()
    lose_state(rig, monkeypatch)
    touched.clear()

    planned = plan_adoption(rig.session())
    assert {row.fate for row in planned.rows} == {Fate.ADOPT}
    assert not [row for row in planned.rows if row.differs]
    assert not rig.resources(), "a plan changes nothing"

    done = adopted(rig)
    assert done.remaining is not None
    assert done.remaining.steps == ()
    assert touched == []
    assert {kind: rig.ids(kind) for kind in before} == before
    complete(rig, project)
    assert (EnvironmentFolder.of("test").folder / FILE).read_text() == secrets
    assert rig.preview().steps == ()
    assert not adopted(rig).adoption.needed, "a second time there is nothing to do"


def test_lost_secrets_are_made_anew_only_if_allowed(
    rig: Rig, project: FakeProject, touched: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rig.up()
    lose_state(rig, monkeypatch)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-machine"))
    touched.clear()
    with pytest.raises(AdoptionError, match="munge_key"):
        plan_adoption(rig.session())
    done = adopted(rig, new_secrets=True)
    assert done.remaining is not None
    assert done.remaining.steps == ()
    assert "munge_key" in done.adoption.lost
    fates = {row.kind: row.fate for row in done.adoption.rows}
    assert fates["ApplicationCredential"] is Fate.RENEW
    assert len(project.credentials.things) == 1
    # The key that verifies bundles is in the compute nodes' metadata, which changes in place.
    assert {call for call in touched if "metadata" not in call} == set()
    complete(rig, project)
