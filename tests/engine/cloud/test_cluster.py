"""The infrastructure on a real OpenStack: what the fake project cannot know of Nova, Neutron and Cinder."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from slurm_appliance.cloud.image_names import PROPERTY
from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.engine import automation
from slurm_appliance.ssh.console_keys import printed_keys
from tests.engine.cloud_fixtures import IMAGE, Cloud, wait_until
from tests.engine.cluster.rig import Rig

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr nobody"


@pytest.fixture
def image(admin: Connection) -> Iterator[str]:
    """The base image, which for a while counts as one of ours: nothing here waits for what would be in one."""
    found = admin.image.find_image(IMAGE, ignore_missing=False)
    admin.image.update_image(found.id, **{f"{PROPERTY}digest": "none"})
    yield IMAGE
    admin.image.patch(f"/images/{found.id}", headers=_PATCH, json=[{"op": "remove", "path": f"/{PROPERTY}digest"}])


_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


@pytest.fixture
def rig(cloud: Cloud, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """An environment of two nodes, one of them on a volume; gone again afterwards."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_CREDENTIALS_PATH", str(tmp_path / "nobody"))
    made = Rig(tmp_path)
    made.settings = {
        "cluster_name": "infra",
        "cluster_image": image,
        "cluster_networks": [{"network": "infra", "create": {"cidr": "10.66.0.0/24", "external_network": "public"}}],
        "key_pair": {"public_key": KEY},
        "control_node_flavor": "slurm.small",
        "control_ip_addresses": {"infra": "10.66.0.10"},
        "state_volume_size": 1,
        "home_volume_size": 1,
        "login": {},
        "compute": {
            "general": {
                "nodes": ["c-0"],
                "flavor": "slurm.small",
                "ignore_image_changes": True,
                "volume_backed_instances": True,
                "root_volume_size": 5,
                "compute_init_enable": ["compute"],
            }
        },
    }
    made.more = {"openstack:cloud": cloud.environment["OS_CLOUD"]}
    try:
        yield made
    finally:
        made.destroy(delete_volumes=True)


def ours(found: Iterable[Any]) -> dict[str, Any]:
    """The cluster's servers or volumes by name; other tests have theirs."""
    return {each.name: each for each in found if each.name.startswith("infra-")}


def test_a_cluster_on_a_real_cloud(rig: Rig, user: Connection) -> None:
    rig.up()
    before = rig.ids()
    servers = ours(user.compute.servers())
    assert {name: server.status for name, server in servers.items()} == {
        "infra-control": "ACTIVE",
        "infra-c-0": "ACTIVE",
    }
    compute = servers["infra-c-0"]
    addresses = [entry["addr"] for entry in compute.addresses["infra"]]
    assert compute.metadata == {
        "environment": "test",
        "access_ip": addresses[0],
        "control_address": "10.66.0.10",
        "compute": "true",
        "nhc": "true",
    }
    volumes = {volume.name: volume for volume in user.block_storage.volumes()}
    for name in ("infra-state", "infra-home"):
        assert [each["server_id"] for each in volumes[name].attachments] == [servers["infra-control"].id]

    # What Nova and Neutron write to ports, servers and volumes is no difference, neither without nor with a look.
    assert rig.preview().exit_status == 0
    refreshed = automation.run(rig.session().stack, "refresh", keep_events=False)
    assert set(refreshed.changes) <= {"same", "update"}
    assert rig.preview().steps == ()

    # The control node prepares its volumes while they are being attached, and prints its keys at the end of its boot.
    def console() -> str:
        return str(user.compute.get_server_console_output(servers["infra-control"].id)["output"] or "")

    assert wait_until("host keys on the console", lambda: printed_keys(console()), limit=300)

    rig.settings["compute"]["general"]["nodes"] = ["c-0", "c-1"]
    assert [row.node for row in rig.preview().rows if row.action is NodeAction.CREATE] == ["infra-c-1"]
    rig.up()
    assert {name: id_ for name, id_ in rig.ids().items() if name in before} == before
    rig.settings["compute"]["general"]["ignore_image_changes"] = False
    rig.settings["compute"]["general"]["nodes"] = ["c-1", "c-0"]
    rig.up()
    assert {name: id_ for name, id_ in rig.ids().items() if name in before} == before

    rig.destroy()
    assert ours(user.compute.servers()) == {}
    kept = {name: volume.id for name, volume in ours(user.block_storage.volumes()).items()}
    assert sorted(kept) == ["infra-home", "infra-state"]
    assert not [network for network in user.network.networks() if network.name == "infra"]
    rig.settings["compute"] = {}
    rig.up()
    assert {name: volume.id for name, volume in ours(user.block_storage.volumes()).items()} == kept
