"""Facts are gathered from a project that answers over HTTP, page by page, and survive a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import CloudError, connect
from slurm_appliance.cloud.facts import CloudFacts, Quota
from slurm_appliance.cloud.gather import gather
from slurm_appliance.config import from_mapping
from slurm_appliance.image.api import pages
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.preflight.run import facts_for
from tests.fakes.project import FakeProject
from tests.fakes.project.http import RefusalError, Request
from tests.unit.clouds import cloud
from tests.unit.slurm_appliance.config.examples import smallest


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProject]:
    with FakeProject().serving() as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        made.add_network("cluster", "10.0.0.0/16")
        made.add_network("other")
        yield made


def _server(project: FakeProject, name: str, **more: object) -> str:
    network = project.network.networks.named("cluster")
    subnet = {"subnet_id": network["subnets"][0]}
    port = project.network.ports.add(name=f"{name}-cluster", network_id=network["id"], fixed_ips=[subnet])
    flavor = project.compute.flavors.named("small")["id"]
    wanted = {"name": name, "flavorRef": flavor, "networks": [{"port": port["id"]}], **more}
    return str(project.compute._create(wanted)["id"])


def _gathered(*networks: str) -> CloudFacts:
    with connect() as connection:
        return gather(connection, networks)


def test_everything_a_project_has(project: FakeProject) -> None:
    image = project.add_image("img", min_disk=3, size=5 * 1024**3 + 1)
    project.add_key_pair("operators")
    control = _server(project, "demo-control", imageRef=image, metadata={"environment": "test"})
    volume = project.volume.volumes.add(name="demo-state", size=10)
    project.volume.attach(volume["id"], control, "/dev/vdb")
    project.compute.quotas = {"instances": 5, "cores": 6, "ram": 7000}
    project.network.quotas = {"port": 50}
    project.volume.quotas = {"gigabytes": 100}

    facts = _gathered("cluster")
    assert {flavor.name: flavor.vcpus for flavor in facts.flavors} == {"small": 1, "large": 8}
    (found,) = facts.images
    assert (found.id, found.name, found.status, found.min_disk, found.size) == (image, "img", "active", 3, 6)
    assert {network.name: network.external for network in facts.networks} == {
        "external": True,
        "cluster": False,
        "other": False,
    }
    (server,) = facts.servers
    assert (server.id, server.name, server.image_id, server.environment) == (control, "demo-control", image, "test")
    assert not server.volume_backed
    (port,) = facts.ports
    assert (port.name, port.device_id, port.addresses) == ("demo-control-cluster", control, ("10.0.0.2",))
    (state,) = facts.volumes
    assert (state.name, state.status, state.server_ids) == ("demo-state", "in-use", (control,))
    assert facts.quotas["instances"] == Quota(5, 1)
    assert facts.quotas["ram"] == Quota(7000, 2048)
    assert facts.quotas["ports"] == Quota(50, 1)
    assert facts.quotas["gigabytes"] == Quota(100, 10)
    assert facts.absent == frozenset()


def test_a_server_that_nova_cannot_make_never_ran(project: FakeProject) -> None:
    project.compute.failing = {"demo-c-1"}
    image = project.add_image("img")
    _server(project, "demo-c-0", imageRef=image)
    _server(project, "demo-c-1", imageRef=image)
    untold = _server(project, "demo-c-2", imageRef=image)
    del project.compute.servers.get(untold)["OS-SRV-USG:launched_at"]
    project.compute.servers.get(untold)["status"] = "ERROR"
    assert {server.name: server.failed for server in _gathered().servers} == {
        "demo-c-0": False,
        "demo-c-1": True,
        "demo-c-2": False,
    }


def test_a_server_on_a_volume_runs_the_image_that_the_volume_was_made_from(project: FakeProject) -> None:
    image = project.add_image("img")
    disk = {"uuid": image, "destination_type": "volume", "volume_size": 20}
    _server(project, "demo-c-0", block_device_mapping_v2=[disk])
    (server,) = _gathered().servers
    assert (server.volume_backed, server.image_id) == (True, image)


@pytest.mark.parametrize("page", [1, 3, 7, 100])
def test_lists_have_any_number_of_pages(project: FakeProject, page: int) -> None:
    project.compute.servers.page = page
    names = {_server(project, f"c-{number}") and f"c-{number}" for number in range(7)}
    assert {server.name for server in _gathered().servers} == names


def test_the_image_builds_lists_have_the_same_pages(project: FakeProject) -> None:
    project.volume.volumes.page = 2
    made = [project.volume.volumes.add(name=f"volume-{number}", size=1)["id"] for number in range(5)]
    with connect() as connection:
        api = OpenStackApi(connection)
        assert [each["id"] for each in pages(api, "block_storage", "/volumes/detail", "volumes")] == made
        (one,) = pages(api, "block_storage", "/volumes/detail", "volumes", {"name": "volume-3"})
    assert one["id"] == made[3]


def test_ports_of_other_networks_are_not_asked_for(project: FakeProject) -> None:
    _server(project, "c-0")
    assert _gathered("other").ports == ()
    assert _gathered().ports == ()


def test_a_project_that_must_not_see_something_lacks_it(project: FakeProject) -> None:
    def forbid(request: Request) -> None:
        if request.parts[-1:] == ("details",) or "volumes" in request.parts:
            raise RefusalError(403, "not allowed")

    project.api.before = forbid
    facts = _gathered()
    assert facts.absent == {"network quotas", "volume"}
    assert "ports" not in facts.quotas


def test_what_every_cloud_has_must_answer(project: FakeProject) -> None:
    def fail(request: Request) -> None:
        if "flavors" in request.parts:
            raise RefusalError(403, "not allowed")

    project.api.before = fail
    with pytest.raises(CloudError, match=r"flavors: cannot query the cloud: .*403"):
        _gathered()


def test_how_the_deploy_hosts_entry_reaches_the_cloud(
    project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = project.environment()
    auth = {name.removeprefix("OS_").lower(): value for name, value in given.items() if name.endswith(("NAME", "URL"))}
    auth |= {"password": given["OS_PASSWORD"]}
    region = auth.pop("region_name")
    (tmp_path / "ca.pem").write_text("certificates")
    entry = {"auth": auth, "region_name": region, "interface": "internal", "cacert": str(tmp_path / "ca.pem")}
    entries = {"own": entry, "any": {"auth": auth, "verify": False}}
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": entries}))
    for name in given:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    found = gather(connect("own"), ()).access
    assert (found.region, found.interface, found.ca_certificates) == (region, "internal", "certificates")
    assert not found.federated
    trusting = gather(connect("any"), ()).access
    assert (trusting.interface, trusting.ca_certificates, trusting.verify) == ("public", "", False)


def test_wrong_credentials_say_so(project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_URL", f"{project.api.url}/nothing/v3")
    with pytest.raises(CloudError):
        connect()


def test_a_missing_entry_in_clouds_yaml_says_so() -> None:
    with pytest.raises(CloudError, match=r"cloud nowhere: cannot query the cloud: .*nowhere"):
        connect("nowhere")


def test_facts_survive_a_file(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    facts = cloud(absent=frozenset({"volume", "router"}))
    store.dump(facts, path)
    assert store.load(path) == facts
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_program_of_a_command_does_not_ask_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.dump(cloud(), tmp_path / "facts.json")
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "facts.json"))
    assert facts_for(from_mapping(smallest(), "test"), "nowhere") == cloud()
