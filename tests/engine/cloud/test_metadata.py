"""What servers are told about themselves, and that nobody else is told."""

import base64
import json
import subprocess
from typing import Any

from openstack.connection import Connection

from localcloud.endpoints import METADATA_ADDRESS
from localcloud.faults.fault import Fault
from localcloud.faults.store import FaultStore
from tests.engine.cloud_fixtures import wait_until
from tests.engine.node_fixtures import KEY, Login, Made, address

URL = f"http://{METADATA_ADDRESS}"


def test_each_server_gets_its_own_data(one: Any, two: Any, login: Login) -> None:
    for server in (one, two):
        shown = json.loads(login.wait(address(server), f"curl -sf {URL}/openstack/latest/meta_data.json"))
        assert (shown["uuid"], shown["name"]) == (server.id, server.name)
        assert list(shown["public_keys"]) == [KEY]


def test_headers_do_not_get_another_server_s_data(one: Any, two: Any, login: Login) -> None:
    headers = [f"X-Instance-ID: {one.id}", f"X-Tenant-ID: {one.project_id}", f"X-Forwarded-For: {address(one)}"]
    words = " ".join(f"-H '{header}'" for header in headers)
    shown = json.loads(login.wait(address(two), f"curl -sf {words} {URL}/openstack/latest/meta_data.json"))
    assert shown["uuid"] == two.id


def test_who_is_no_server_gets_nothing(shared: Any) -> None:  # noqa: ARG001 - the cloud has servers
    asked = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{URL}/openstack/latest/meta_data.json"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "404"


def test_a_server_that_takes_another_s_address_gets_nothing(one: Any, two: Any, login: Login) -> None:
    theirs = address(one)
    login.wait(address(two), f"ip address add {theirs}/32 dev eth0")
    try:
        asked = login.run(
            address(two), f"curl -s --max-time 4 --interface {theirs} {URL}/openstack/latest/meta_data.json"
        )
        assert (asked.returncode, asked.stdout) == (28, "")  # curl's time-out
    finally:
        login.wait(address(two), f"ip address delete {theirs}/32 dev eth0")


def test_cloud_init_runs_the_user_data_and_knows_its_instance(user: Connection, made: Made, login: Login) -> None:
    data = "#cloud-config\nwrite_files: [{path: /etc/from-user-data, content: hello}]\nruncmd: [touch /etc/ran]\n"
    server = made.make(
        "told", user_data=base64.b64encode(data.encode()).decode(), metadata={"role": "compute", "rank": "7"}
    )
    login.settled(address(server))
    assert login.wait(
        address(server), "cat /etc/from-user-data; ls /etc/ran; hostname; cloud-init query instance_id"
    ) == (f"hello/etc/ran\ntold\n{server.id}")
    meta = json.loads(login.wait(address(server), f"curl -sf {URL}/openstack/latest/meta_data.json"))["meta"]
    assert meta == {"role": "compute", "rank": "7"}
    # What changes later is seen within the time that the service keeps its answers.
    user.compute.set_server_metadata(server, role="login")
    shown = f"curl -sf {URL}/openstack/latest/meta_data.json"
    wait_until("the new metadata", lambda: '"login"' in login.run(address(server), shown).stdout, 30)


def test_a_server_reads_metadata_that_was_down_as_soon_as_it_is_there(
    made: Made, login: Login, faults: FaultStore
) -> None:
    fault = faults.add(Fault("answer", service="metadata", status=503, times=None))
    ready = made.ready(made.start("untold", user_data=base64.b64encode(b"#cloud-config\nhostname: x\n").decode()))

    def console() -> str:
        return str(made.user.compute.get_server_console_output(ready.id)["output"] or "")

    wait_until("cloud-init to be refused", lambda: "503" in console())
    assert login.run(address(ready), "true").returncode == 255  # Nobody told it whose key to trust.
    faults.clear(fault.id)
    assert login.wait(address(ready), "hostname") == "x"
