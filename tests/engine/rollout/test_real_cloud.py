"""The RebootProgram against the released Nova, Glance, Cinder and Keystone, with its own credential and no other."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection

from localcloud.endpoints import KEYSTONE, REGION
from node.reboot_program.cloud import Cloud
from node.reboot_program.connection import Connection as RebootConnection
from node.reboot_program.errors import CloudCallError
from node.reboot_program.settings import RebootSettings
from node.reboot_program.spool import RebootRequest, Spool
from node.reboot_program.worker import RebootWorker
from slurm_appliance.hostvars.reboot_targets import targets_file
from slurm_appliance.nodes.access_rules import Endpoints, access_rules
from tests.engine.cloud_fixtures import IMAGE
from tests.engine.node_fixtures import Made
from tests.unit.node.reboot_program.bed import FakeSlurm


@dataclass(frozen=True)
class Nodes:
    """Two servers of the cluster, one that is not, and what they run.

    Attributes:
        ids: servers of the cluster by node name: ``plain``, ``volume``.
        other: a server outside the cluster, in the same project.
        old, new: images.
    """

    ids: Mapping[str, str]
    other: str
    old: str
    new: str


@pytest.fixture(scope="module")
def nodes(user: Connection, network: Any) -> Iterator[Nodes]:
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    disk = {
        "uuid": image.id, "source_type": "image", "destination_type": "volume", "boot_index": 0, "volume_size": 10,
        "delete_on_termination": True,
    }  # fmt: skip
    made = Made(user, network, group="")
    bare = {"key_name": None, "security_groups": None}
    try:
        other = made.make("other", **bare)
        plain = made.start("plain", **bare)
        volume = made.start("volume", image_id=None, block_device_mapping=[disk], **bare)
        new: Any = user.compute.create_server_image(other, f"test-{uuid.uuid4().hex[:8]}", wait=True, timeout=120)
        for server in (plain, volume):
            made.ready(server)
        try:
            yield Nodes({"plain": plain.id, "volume": volume.id}, other.id, image.id, new.id)
        finally:
            user.image.delete_image(new.id)
    finally:
        made.remove()


@pytest.fixture(scope="module")
def clouds(user: Connection, nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clouds.yaml with an application credential for the cluster's servers."""
    identity: Any = user.identity
    holder = user.session.auth.get_access(user.session).user_id  # type: ignore[union-attr]  # logged in
    endpoints = Endpoints.from_catalog(
        *(str(user.session.get_endpoint(service_type=name)) for name in ("compute", "image", "block-storage")),
    )
    rules = [vars(rule) for rule in access_rules(list(nodes.ids.values()), endpoints, volume_backed=True)]
    credential = identity.create_application_credential(
        user=holder, name=f"test-{uuid.uuid4().hex[:8]}", access_rules=rules
    )
    auth = {
        "auth_url": KEYSTONE.url,
        "application_credential_id": credential.id,
        "application_credential_secret": credential.secret,
    }
    path = tmp_path_factory.mktemp("reboot") / "clouds.yaml"
    entry = {"auth_type": "v3applicationcredential", "auth": auth, "region_name": REGION}
    path.touch(mode=0o600)
    path.write_text(json.dumps({"clouds": {"reboot": entry}}))
    yield path
    identity.delete_application_credential(holder, credential)


def _work(nodes: Nodes, clouds: Path, folder: Path, image: str) -> FakeSlurm:
    """Have Slurm ask for both nodes; ends when the cloud's part is done."""
    targets = folder / "targets.json"
    targets.write_bytes(targets_file({name: (server, image) for name, server in nodes.ids.items()}))
    slurm = FakeSlurm()
    slurm.asks_for(*nodes.ids)
    settings = RebootSettings(targets=targets, spool=folder / "spool", poll=0.5, limit=180.0)
    spool = Spool(settings.spool)
    spool.add(RebootRequest(tuple(nodes.ids), time.time()))
    worker = RebootWorker(settings, slurm, RebootConnection(lambda: Cloud.open(clouds, "reboot")), slurm_interval=0.1)
    worker.run(_at_last(lambda: slurm.told or _all_booting(spool, len(nodes.ids))))
    return slurm


def _all_booting(spool: Spool, count: int) -> bool:
    entries = list(spool.entries())
    return len(entries) == count and all(entry.booting for entry in entries)


def _at_last(true: Callable[[], object], seconds: float = 240.0) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def stop() -> bool:
        assert time.monotonic() < end, f"not done in {seconds:.0f} s"
        return bool(true())

    return stop


def _actions(user: Connection, server: str) -> list[str]:
    found: Any = user.compute.server_actions(server)
    return [each.action for each in reversed(list(found))]


def test_rebuild_then_reboot(user: Connection, nodes: Nodes, clouds: Path, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    assert _work(nodes, clouds, tmp_path / "first", nodes.new).told == []
    cloud = Cloud.open(clouds, "reboot")
    shown = {name: cloud.server(server) for name, server in nodes.ids.items()}

    assert {name: server and (server.image_id, server.status) for name, server in shown.items()} == dict.fromkeys(
        nodes.ids, (nodes.new, "ACTIVE")
    )
    assert [server and server.volume_backed for server in shown.values()] == [False, True]
    (tmp_path / "second").mkdir()
    assert _work(nodes, clouds, tmp_path / "second", nodes.new).told == []
    for server in nodes.ids.values():
        assert _actions(user, server) == ["create", "rebuild", "reboot"]


def test_an_image_that_is_gone(nodes: Nodes, clouds: Path, tmp_path: Path) -> None:
    slurm = _work(nodes, clouds, tmp_path, str(uuid.uuid4()))

    assert "does not exist" in slurm.told[0][2]


def test_servers_outside_the_cluster_are_out_of_reach(user: Connection, nodes: Nodes, clouds: Path) -> None:
    cloud = Cloud.open(clouds, "reboot")
    mine = cloud.server(nodes.ids["plain"])
    assert mine is not None
    with pytest.raises(CloudCallError, match="401") as caught:
        cloud.server(nodes.other)
    assert caught.value.unauthorized
    with pytest.raises(CloudCallError, match="401"):
        cloud.rebuild(type(mine)(id=nodes.other, status="ACTIVE"), nodes.old)
    with pytest.raises(CloudCallError, match="401"):
        cloud.reboot(type(mine)(id=nodes.other, status="ACTIVE"), hard=True)
    assert "rebuild" not in _actions(user, nodes.other)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/servers"), ("GET", "/servers/detail"), ("DELETE", "/servers/{id}"), ("GET", "/flavors")],
)
def test_nothing_can_be_listed_or_deleted(nodes: Nodes, clouds: Path, method: str, path: str) -> None:
    adapter: Any = Cloud.open(clouds, "reboot")._compute
    with pytest.raises(ClientException):
        adapter.request(path.format(id=nodes.ids["plain"]), method)
