"""The fault switches against the real services."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from openstack.connection import Connection

from localcloud.endpoints import METADATA_ADDRESS, NEUTRON, NOVA
from localcloud.faults.fault import Fault
from localcloud.faults.store import FaultStore
from tests.engine.cloud.test_control_plane import run_cloud
from tests.engine.cloud_fixtures import Cloud, temporary_server, wait_until


@pytest.mark.parametrize("service", ["keystone", "glance", "placement", "nova", "neutron", "cinder"])
def test_each_service_can_be_made_to_fail(user: Connection, faults: FaultStore, service: str) -> None:
    kinds = {"keystone": "identity", "glance": "image", "nova": "compute", "neutron": "network"}
    kind = kinds.get(service, {"cinder": "block-storage"}.get(service, service))
    url = user.session.get_endpoint(service_type=kind)
    faults.add(Fault("answer", service=service, status=503, seconds=3, times=2))
    answers = [requests.get(f"{url}/", timeout=30) for _ in range(3)]
    assert [answer.status_code == 503 for answer in answers] == [True, True, False]
    assert answers[0].headers["Retry-After"] == "3"


def test_only_the_named_call_fails(user: Connection, faults: FaultStore) -> None:
    faults.add(Fault("answer", service="neutron", method="POST", path="/networks$", status=409, times=None))
    assert list(user.network.networks()) is not None
    answer = user.network.post("/networks", json={"network": {"name": "never"}})
    assert answer.status_code == 409
    assert answer.json()["NeutronError"]["message"].startswith("injected fault ")
    assert not list(user.network.networks(name="never"))


def test_calls_at_the_same_time_use_each_switch_up_once(faults: FaultStore) -> None:
    faults.add(Fault("answer", service="nova", status=500, times=7))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{NOVA.root}/", timeout=60).status_code, range(30)))
    assert answers.count(500) == 7


def test_a_call_is_delayed_and_then_served(faults: FaultStore) -> None:
    faults.add(Fault("delay", service="nova", seconds=1.5))
    start = time.monotonic()
    assert requests.get(f"{NOVA.root}/", timeout=30).status_code == 200
    assert time.monotonic() - start >= 1.5


@pytest.mark.parametrize(("effect", "made"), [("cut-before", 0), ("cut-after", 1)])
def test_a_cut_connection_hides_whether_the_work_was_done(
    user: Connection, faults: FaultStore, effect: Any, made: int
) -> None:
    name = f"cut-{effect}"
    headers = {"X-Auth-Token": user.session.get_token() or ""}
    faults.add(Fault(effect, service="neutron", method="POST", path="/networks$"))
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{NEUTRON.root}/v2.0/networks", json={"network": {"name": name}}, headers=headers, timeout=30)
    found = list(user.network.networks(name=name))
    for network in found:
        user.network.delete_network(network)
    assert len(found) == made


def test_a_rebuild_fails_on_the_host_and_the_next_one_works(user: Connection, network: Any, faults: FaultStore) -> None:
    with temporary_server(user, network) as server:
        faults.add(Fault("rebuild-error", server=f"^{server.name}$"))
        for status in ("ERROR", "ACTIVE"):
            user.compute.rebuild_server(server, image=server.image.id)
            found = wait_until(
                f"the rebuild to end in {status}",
                lambda: (now := user.compute.get_server(server.id)).task_state is None and now,
            )
            assert found.status == status
            assert (found.fault is not None) == (status == "ERROR")


def test_a_server_that_never_boots_is_active_and_does_not_answer(
    user: Connection, network: Any, faults: FaultStore
) -> None:
    faults.add(Fault("never-boots", server="^test-never$"))
    with temporary_server(user, network, name="test-never") as server:
        assert server.status == "ACTIVE"
        console = wait_until(
            "the console to have something",
            lambda: user.compute.get_server_console_output(server.id)["output"],
        )
        assert "SSH HOST KEY" not in console


def test_metadata_can_be_down(faults: FaultStore) -> None:
    url = f"http://{METADATA_ADDRESS}/openstack"
    # 404 is its answer to whoever is no server of this cloud.
    assert requests.get(url, timeout=10).status_code == 404
    faults.add(Fault("answer", service="metadata", status=503, times=None))
    assert requests.get(url, timeout=10).status_code == 503
    faults.clear()
    assert requests.get(url, timeout=10).status_code == 404


def test_switches_are_set_and_cleared_by_commands(cloud: Cloud, faults: FaultStore) -> None:
    done = run_cloud(cloud, "fault", "add", "answer", "--service", "nova", "--status", "429", "--times", "3")
    assert done.returncode == 0, done.stderr
    assert [(fault.status, fault.times) for fault in faults.faults()] == [(429, 3)]
    assert done.stdout.strip() in run_cloud(cloud, "fault", "list").stdout
    assert run_cloud(cloud, "fault", "clear", done.stdout.strip()).stdout.startswith("1 ")
    refused = run_cloud(cloud, "fault", "add", "explode")
    assert refused.returncode == 2
    assert "answer" in refused.stderr
