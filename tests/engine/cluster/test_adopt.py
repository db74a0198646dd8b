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

#: Sizes of its volumes, by label.
_SIZES = {"state": 150, "home": 100}


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
    assert done.remaining.steps == ()
    assert "munge_key" in done.adoption.lost
    fates = {row.kind: row.fate for row in done.adoption.rows}
    assert fates["ApplicationCredential"] is Fate.RENEW
    assert len(project.credentials.things) == 1
    # The key that verifies bundles is in the compute nodes' metadata, which changes in place.
    assert {call for call in touched if "metadata" not in call} == set()
    complete(rig, project)


def as_the_reference_appliance(rig: Rig, project: FakeProject) -> dict[str, str]:
    """A cluster in the shapes of the reference appliance; returns its servers' IDs by name."""
    compute, network = project.compute, project.network
    there, subnet = network.networks.named("cluster"), network.subnets.named("cluster")
    image, flavor = project.images.named("image-a")["id"], compute.flavors.named("small")["id"]
    groups = [network.security_groups.add(name=name)["id"] for name in ("default", "SSH")]
    rig.settings |= {"login_security_groups": ["default", "SSH"], "nonlogin_security_groups": ["default"]}
    volumes = [project.volume.volumes.add(name=f"demo-{label}", size=size)["id"] for label, size in _SIZES.items()]
    for node in ("control", "login-0", "c-0", "c-1"):
        port = network.ports.add(
            name=f"demo-{node}-cluster",
            network_id=there["id"],
            fixed_ips=[{"subnet_id": subnet["id"]}],
            security_groups=groups if node == "login-0" else groups[:1],
        )
        metadata = {"environment_root": "/home/ops/environments/prod", "access_ip": port["fixed_ips"][0]["ip_address"]}
        wanted = {
            "name": f"demo-{node}",
            "imageRef": image,
            "flavorRef": flavor,
            "key_name": "operators",
            "networks": [{"port": port["id"]}],
            "metadata": metadata,
            "user_data": "I2Nsb3VkLWNvbmZpZwo=",
        }
        compute(Request("POST", ("v2.1", "servers"), {}, {"server": wanted}))
    control = compute.servers.named("demo-control")["id"]
    for volume in volumes:
        attachment = {"volumeAttachment": {"volumeId": volume}}
        compute(Request("POST", ("v2.1", "servers", control, "os-volume_attachments"), {}, attachment))
    return {server["name"]: id_ for id_, server in compute.servers.things.items()}


def test_a_cluster_of_the_reference_appliance_is_taken_over(rig: Rig, project: FakeProject, touched: list[str]) -> None:
    servers = as_the_reference_appliance(rig, project)
    touched.clear()
    done = adopted(rig)
    assert done.remaining.steps == ()
    assert rig.ids() == servers
    # What they carry changes in place: their environment in the metadata, our mark in descriptions.
    assert {call for call in touched if not call.startswith("POST v2.1/servers/") or "metadata" not in call} == set()
    differing = {row.name: {each.path for each in row.differs} for row in done.adoption.rows if row.differs}
    assert differing["demo-c-0-cluster"] == {"description"}
    assert "metadata.environment" in differing["demo-c-0"]
    assert {server["metadata"]["environment"] for server in project.compute.servers.things.values()} == {"test"}
    assert rig.preview().steps == ()
    assert done.adoption.runs_site
