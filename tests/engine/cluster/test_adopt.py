"""Existing resources are taken into an empty state, and no server notices."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.api import Adopted, AdoptionError, ExitStatus, Fate, open_cluster
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import FILE
from tests.engine.cluster.killing import run_until
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_interrupted import complete
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.project import FakeProject
from tests.fakes.project.http import Request
from toolchain.paths import REPOSITORY

#: What adopt must never create, delete or act on.
_UNTOUCHED = {"servers", "ports", "volumes", "networks", "subnets", "security-groups", "security-group-rules"}
#: Sizes of the reference appliance's volumes, by label.
_SIZES = {"state": 150, "home": 100}


@pytest.fixture
def touched(project: FakeProject) -> Iterator[list[str]]:
    """The calls that create, delete or act on servers, ports, volumes and so on, from now on; not metadata."""
    seen: list[str] = []

    def note(request: Request) -> None:
        parts = set(request.parts)
        if request.method in ("POST", "DELETE") and _UNTOUCHED & parts and "metadata" not in parts:
            seen.append(f"{request.method} {'/'.join(request.parts)}")

    project.api.before = note
    yield seen
    project.api.before = lambda _request: None


def lose_state(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = rig.folder / "empty"
    empty.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{empty}")


def adopted(rig: Rig, *, new_secrets: bool = False) -> Adopted:
    rig.session()
    cluster = open_cluster(rig.name, stacks=rig.stacks, exclude=WITHOUT_SITE)
    done = cluster.adopt(new_secrets=new_secrets)
    assert done is not None
    return done


def commands_of_the_page() -> list[list[str]]:
    page = (REPOSITORY / "docs" / "adopt.md").read_text()
    (block,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [line.replace("NAME", "test").split()[1:] for line in block.splitlines()]


def test_a_lost_state_is_made_anew_by_the_commands_of_the_documentation(
    rig: Rig, project: FakeProject, touched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    kinds = ("Instance", "Port", "Volume", "SecGroupRule", "ApplicationCredential")
    before = {kind: rig.ids(kind) for kind in kinds}
    secrets = (EnvironmentFolder.of("test").folder / FILE).read_text()
    lose_state(rig, monkeypatch)
    touched.clear()
    look, take = commands_of_the_page()

    looked = run(rig, *look, "--format", "json", *excluded())
    assert looked.returncode == ExitStatus.CHANGES, looked.stderr
    plan = json.loads(looked.stdout)
    assert {each["action"] for each in plan["resources"]} == {"adopt"}
    assert not [each for each in plan["resources"] if each["differs"]]
    assert {each["id"] for each in plan["resources"] if each["kind"] == "Instance"} == set(before["Instance"].values())
    assert not rig.resources(), "a plan changes nothing"

    taken = run(rig, *take, "--yes", *excluded())
    assert taken.returncode == 0, taken.stderr
    assert "a preview shows no changes" in taken.stderr
    assert touched == []
    assert {kind: rig.ids(kind) for kind in before} == before
    complete(rig, project)
    assert (EnvironmentFolder.of("test").folder / FILE).read_text() == secrets
    assert rig.preview().steps == ()
    # What is recorded can be changed and deleted like anything else.
    rig.more["rotation:munge_key"] = 1
    rig.up()
    assert (EnvironmentFolder.of("test").folder / FILE).read_text() != secrets
    rig.destroy(delete_volumes=True)
    assert not rig.resources()
    assert not project.volume.volumes.things


@pytest.mark.extended
def test_lost_secrets_are_made_anew_only_if_allowed(
    rig: Rig, project: FakeProject, touched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    lose_state(rig, monkeypatch)
    (EnvironmentFolder.of("test").folder / FILE).unlink()
    touched.clear()
    before = {id_: dict(server["metadata"]) for id_, server in project.compute.servers.things.items()}
    with pytest.raises(AdoptionError, match="munge_key"):
        open_cluster(rig.name, stacks=rig.stacks).plan_adoption()
    done = adopted(rig, new_secrets=True)
    assert done.remaining.steps == ()
    assert "munge_key" in done.adoption.lost
    assert {row.kind: row.fate for row in done.adoption.rows}["ApplicationCredential"] is Fate.RENEW
    assert len(project.credentials.things) == 1
    assert touched == []
    # The key that verifies bundles is in the compute nodes' metadata, which change in place.
    changed = {id_ for id_, server in project.compute.servers.things.items() if server["metadata"] != before[id_]}
    assert changed == {rig.ids()["demo-c-0"], rig.ids()["demo-c-1"]}
    complete(rig, project)
    assert not adopted(rig).adoption.needed, "a second time there is nothing to do"


@pytest.mark.extended
@pytest.mark.parametrize("effective", [True, False])
def test_an_interrupted_adoption_completes(rig: Rig, project: FakeProject, tmp_path: Path, effective: bool) -> None:
    servers = as_the_reference_appliance(rig, project)
    # Its first call that creates anything sets metadata: the state is written, and one server has another mark.
    run_until(rig, tmp_path, project, 1, effective=effective, doing="adopt")
    done = adopted(rig)
    assert done.remaining.steps == ()
    assert rig.ids() == servers
    assert {server["metadata"]["environment"] for server in project.compute.servers.things.values()} == {"test"}


@pytest.mark.extended
def test_what_would_be_disturbed_is_refused_before_the_first_change(
    rig: Rig, project: FakeProject, touched: list[str]
) -> None:
    as_the_reference_appliance(rig, project)
    project.add_key_pair("others")
    touched.clear()
    rig.settings["key_pair"] = "others"
    with pytest.raises(AdoptionError) as refused:
        adopted(rig)
    assert {problem.path for problem in refused.value.problems} == {
        "demo-c-0",
        "demo-c-1",
        "demo-control",
        "demo-login-0",
    }
    assert "keyPair" in str(refused.value)
    rig.settings |= {"key_pair": "operators", "cluster_image": "image-b"}
    with pytest.raises(AdoptionError) as refused:
        adopted(rig)
    # Slurm re-images compute nodes.
    assert {problem.path for problem in refused.value.problems} == {"demo-control", "demo-login-0"}
    assert touched == []
    assert not rig.resources()


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


@pytest.mark.extended
@pytest.mark.parametrize("built_here", [True, False])
def test_a_cluster_of_the_reference_appliance_is_taken_over(
    rig: Rig, project: FakeProject, touched: list[str], built_here: bool
) -> None:
    if not built_here:
        project.images.named("image-a").pop("slurm_appliance_digest")
    servers = as_the_reference_appliance(rig, project)
    touched.clear()
    done = adopted(rig)
    assert done.remaining.steps == ()
    assert rig.ids() == servers
    assert touched == []
    # What they carry changes in place: their environment in the metadata, our mark in descriptions.
    differing = {row.name: {each.path for each in row.differs} for row in done.adoption.rows if row.differs}
    assert differing["demo-c-0-cluster"] == {"description"}
    assert any(path.startswith("metadata") for path in differing["demo-c-0"])
    assert {server["metadata"]["environment"] for server in project.compute.servers.things.values()} == {"test"}
    assert done.adoption.runs_site is built_here
    if built_here:
        assert rig.preview().steps == ()
