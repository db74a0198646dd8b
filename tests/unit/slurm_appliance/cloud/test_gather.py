"""Facts are gathered from a project that answers over HTTP, page by page, and survive a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import CloudError, connect, plugin_variables, usable_entry
from slurm_appliance.cloud.facts import CloudFacts, Quota, ShareRule
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
    assert facts.absent == {"shared file system"}, "nothing needs Manila"


def test_shares_where_some_are_needed(project: FakeProject) -> None:
    manila = project.share
    manila.shares.page = 1
    manila.quotas = {"shares": 5, "gigabytes": 1000}
    manila.types.add(name="servers", extra_specs={"driver_handles_share_servers": "True"})
    network = manila.networks.add(name="nodes")["id"]
    given = {"name": "data", "share_proto": "CEPHFS", "share_type": "servers", "share_network_id": network}
    data = manila.shares.add(size=100, description="ours", **given)
    rule = manila.rules.add(share_id=data["id"], access_type="cephx", access_to="reader", access_level="ro")
    manila.shares.add(name="other", size=10, share_proto="NFS")
    with connect() as connection:
        facts = gather(connection, (), shares=["data"])
    share, other = facts.shares
    assert (share.id, share.name, share.protocol, share.size, share.status, share.description) == (
        data["id"], "data", "CEPHFS", 100, "available", "ours",
    )  # fmt: skip
    assert (share.share_type, share.share_network_id, share.availability_zone) == ("servers", network, "nova")
    assert share.location == f"192.0.2.11:6789:/volumes/_nogroup/{data['id']}", "the preferred one"
    assert share.rules == (ShareRule(rule["id"], "cephx", "reader", "ro"),)
    assert share.keys == {"reader": rule["access_key"]}
    assert (other.name, other.detailed, other.location) == ("other", False, "")
    assert {each.name: (each.default, each.share_servers) for each in facts.share_types} == {
        "default": (True, False), "servers": (False, True),
    }  # fmt: skip
    assert [each.name for each in facts.share_networks] == ["nodes"]
    assert (facts.quotas["shares"], facts.quotas["share_gigabytes"]) == (Quota(5, 2), Quota(1000, 110))
    assert facts.absent == frozenset()


def test_a_cloud_without_manila_or_a_default_share_type(project: FakeProject) -> None:
    project.share.default_type = ""
    with connect() as connection:
        assert [each.default for each in gather(connection, (), shares=["data"]).share_types] == [False]
    del project.catalog["shared-file-system"]
    with connect() as connection:
        facts = gather(connection, (), shares=["data"])
    assert "shared file system" in facts.absent


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
    assert facts.absent == {"network quotas", "volume", "shared file system"}
    assert "ports" not in facts.quotas


def test_what_every_cloud_has_must_answer(project: FakeProject) -> None:
    def fail(request: Request) -> None:
        if "flavors" in request.parts:
            raise RefusalError(403, "not allowed")

    project.api.before = fail
    with pytest.raises(CloudError, match="403") as refused:
        _gathered()
    assert refused.value.where == "flavors"


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


@pytest.mark.parametrize(("more", "may", "federated"), [
    ({}, True, False),
    ({"application_credential": {"id": "a", "restricted": False}}, True, False),
    ({"application_credential": {"id": "a", "restricted": True}}, False, False),
    ({"user": {"id": "user", "name": "user", "domain": {"id": "d"}, "OS-FEDERATION": {}}}, True, True),
    ({"OS-TRUST:trust": {"id": "t"}}, False, False),
    ({"OS-OAUTH1": {"access_token_id": "t"}}, False, False),
])  # fmt: skip
def test_who_may_create_application_credentials(
    project: FakeProject, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], may: bool, federated: bool
) -> None:
    token = project._token()
    monkeypatch.setattr(project, "_token", lambda: {**token, **more})
    found = _gathered().access
    assert (found.may_create_credentials, found.federated) == (may, federated)
    assert (found.auth_type, found.token_expires) == ("password", "")


@pytest.mark.usefixtures("project")
def test_a_token_that_somebody_else_got_is_known_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_USERNAME", "OS_PASSWORD", "OS_USER_DOMAIN_NAME", "OS_USER_DOMAIN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OS_AUTH_TYPE", "token")
    monkeypatch.setenv("OS_TOKEN", "a-token")
    found = _gathered().access
    assert (found.auth_type, found.token_expires) == ("token", "2099-01-01T00:00:00Z")


def test_a_login_without_a_project_says_so(project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    token = {key: value for key, value in project._token().items() if key != "project"}
    monkeypatch.setattr(project, "_token", lambda: token)
    with pytest.raises(CloudError) as refused:
        _gathered()
    assert "OS_PROJECT_NAME" in refused.value.remedy


def test_a_login_without_a_user_says_so(project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(project.environment()):
        if name not in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OS_AUTH_TYPE", "admin_token")
    monkeypatch.setenv("OS_TOKEN", "a-token")
    monkeypatch.setenv("OS_ENDPOINT", project.api.url)
    with pytest.raises(CloudError, match="admin_token"):
        _gathered()


@pytest.mark.parametrize(("interface", "variables"), [
    (None, {"OS_CLOUD": "own"}),
    ("public", {"OS_CLOUD": "own"}),
    ("internal", {"OS_CLOUD": "own", "OS_ENDPOINT_TYPE": "internal"}),
])  # fmt: skip
def test_the_plugin_uses_the_entrys_interface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interface: str | None, variables: dict[str, str]
) -> None:
    entry = {"auth": {"auth_url": "http://192.0.2.1"}, **({"interface": interface} if interface else {})}
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"own": entry}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.delenv("OS_ENDPOINT_TYPE", raising=False)
    assert plugin_variables("own") == variables
    monkeypatch.setenv("OS_ENDPOINT_TYPE", "admin")
    assert plugin_variables("own") == {"OS_CLOUD": "own"}
    assert plugin_variables("nowhere") == {"OS_CLOUD": "nowhere"}


def test_the_variables_stand_for_an_entry_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"own": {"auth": {"auth_url": "http://192.0.2.1"}}}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setenv("OS_AUTH_URL", "http://192.0.2.2")
    assert [usable_entry(name) for name in ("own", "production", None)] == ["own", None, None]
    monkeypatch.delenv("OS_AUTH_URL")
    assert usable_entry("production") == "production", "openstacksdk says what is missing"


def test_wrong_credentials_say_so(project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_AUTH_URL", f"{project.api.url}/nothing/v3")
    with pytest.raises(CloudError):
        connect()


def test_a_missing_entry_in_clouds_yaml_says_so() -> None:
    with pytest.raises(CloudError) as refused:
        connect("nowhere")
    assert refused.value.where == "cloud nowhere"
    assert "nowhere" in refused.value.what


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
