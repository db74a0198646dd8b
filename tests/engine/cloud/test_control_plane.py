"""The running control plane: what an operator and a client see of it."""

import json
import os
import socket
import stat
import subprocess
import sys
import urllib.request
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.control import process
from localcloud.control.status import look
from localcloud.endpoints import ADDRESS, ENDPOINTS, MIRROR_URL
from tests.engine.cloud_fixtures import IMAGE, SYSTEM, Cloud, wait_until
from toolchain.paths import REPOSITORY


def run_cloud(cloud: Cloud, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``slurm-appliance cloud`` as an operator does."""
    command = [sys.executable, str(REPOSITORY / "slurm_appliance/__main__.py"), "cloud", *arguments]
    return subprocess.run(
        command, env={**os.environ, **cloud.environment}, capture_output=True, text=True, check=False, timeout=300
    )


def access(connection: Connection) -> Any:
    """Who is logged in, as Keystone says."""
    auth: Any = connection.session.auth
    return auth.get_access(connection.session)


def test_status_says_that_everything_runs(cloud: Cloud) -> None:
    done = run_cloud(cloud, "status", "--output", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["state"]) == (0, "up"), done.stdout
    assert {service["name"] for service in report["services"]} >= {endpoint.name for endpoint in ENDPOINTS}
    assert 0 < report["memory_mb"] < 1331  # 1.3 GB


def test_the_catalog_names_an_address_that_servers_reach(user: Connection) -> None:
    for entry in access(user).service_catalog.catalog:
        for endpoint in entry["endpoints"]:
            assert endpoint["url"].startswith(f"http://{ADDRESS}:"), entry["name"]


def test_nothing_listens_beyond_the_cloud_s_own_addresses(cloud: Cloud) -> None:
    pids = {one.pid for one, _ in process.marked(cloud.layout.root)}
    found = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[3] for line in found.splitlines() if any(f"pid={pid}," in line for pid in pids)]
    assert len(ours) >= len(ENDPOINTS)
    assert {address.rpartition(":")[0] for address in ours} <= {ADDRESS, "169.254.169.254"}


def test_secrets_are_private(cloud: Cloud) -> None:
    layout = cloud.layout
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o700
    for file in (layout.passwords, layout.clouds_yaml, *layout.etc.glob("*.conf")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    passwords = [value.encode() for value in json.loads(layout.passwords.read_text()).values()]
    for one, _ in process.marked(layout.root):
        for name in ("cmdline", "environ"):
            text = (process.PROC / str(one.pid) / name).read_bytes()
            assert not any(password in text for password in passwords), (one.pid, name)
    for log in layout.log.iterdir():
        text = log.read_bytes()
        assert not any(password in text for password in passwords), log


def test_the_user_is_no_administrator(user: Connection) -> None:
    assert access(user).project_name == "slurm"
    assert set(access(user).role_names) == {"member", "reader"}


def test_flavors_and_the_base_image_are_there_for_everybody(user: Connection) -> None:
    flavors = {flavor.name: flavor.ram for flavor in user.compute.flavors()}
    assert flavors["slurm.small"] == 512
    image = user.image.find_image(IMAGE, ignore_missing=False)
    assert (image.status, image.disk_format, image.visibility) == ("active", "raw", "public")


def test_an_image_of_many_chunks_arrives_whole_and_the_connection_survives(user: Connection) -> None:
    # Chunked uploads on a kept connection are what a simple server gets wrong.
    data = os.urandom(1 << 20) * 24
    chunks: Any = iter([data[start : start + (1 << 20)] for start in range(0, len(data), 1 << 20)])
    image = user.image.create_image(name="chunks", disk_format="raw", container_format="bare", data=chunks)
    try:
        assert user.image.get_image(image.id).size == len(data)
        assert next(user.image.images(name="chunks")).id == image.id
    finally:
        user.image.delete_image(image.id)


def test_the_package_mirror_answers(cloud: Cloud) -> None:
    assert cloud.package_proxy == MIRROR_URL
    release = f"dists/{SYSTEM.suite}/InRelease"
    source = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": MIRROR_URL}))
    with opener.open(f"{source.rstrip('/')}/{release}", timeout=60) as answer:
        assert f"Codename: {SYSTEM.suite}".encode() in answer.read(4096)


def test_env_is_for_a_shell(cloud: Cloud) -> None:
    done = run_cloud(cloud, "env")
    assert done.returncode == 0
    shown = subprocess.run(
        ["sh", "-c", f'{done.stdout}\nprintf "%s %s" "$OS_CLOUD" "$OS_CLIENT_CONFIG_FILE"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"slurm-local {cloud.layout.clouds_yaml}"


@pytest.mark.parametrize("arguments", [("logs", "keystone", "-n", "5"), ("logs", "-n", "1")])
def test_logs_are_shown(cloud: Cloud, arguments: tuple[str, ...]) -> None:
    done = run_cloud(cloud, *arguments)
    assert done.returncode == 0
    assert done.stdout.strip()


def test_a_log_that_does_not_exist_is_an_error_that_names_those_that_do(cloud: Cloud) -> None:
    done = run_cloud(cloud, "logs", "swift")
    assert done.returncode == 1
    assert "keystone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_up_finds_nothing_to_do(cloud: Cloud) -> None:
    before = {one.name: one.pid for one in look(cloud.layout).services}
    assert run_cloud(cloud, "up").returncode == 0
    assert {one.name: one.pid for one in look(cloud.layout).services} == before


def test_a_service_that_dies_is_reported_and_up_brings_it_back(cloud: Cloud) -> None:
    placement = process.recorded(cloud.layout, "placement")
    assert placement is not None
    assert process.stop([placement], grace=0) == []
    done = run_cloud(cloud, "status")
    assert done.returncode == 1
    assert "placement  dead" in done.stdout
    assert "placement is dead; last lines of its log:" in done.stdout
    assert run_cloud(cloud, "up").returncode == 0
    assert run_cloud(cloud, "status").returncode == 0


def test_a_service_that_cannot_start_fails_with_the_end_of_its_log(cloud: Cloud) -> None:
    placement = process.recorded(cloud.layout, "placement")
    assert placement is not None
    process.stop([placement], grace=0)
    with socket.create_server((ADDRESS, next(one.port for one in ENDPOINTS if one.name == "placement"))):
        done = run_cloud(cloud, "up")
    assert done.returncode == 1
    assert "placement: exited during startup" in done.stderr
    assert "Address already in use" in done.stderr
    assert run_cloud(cloud, "up").returncode == 0


def test_everything_killed_comes_back_with_its_data(cloud: Cloud, user: Connection) -> None:
    network = user.network.create_network(name="survivor")
    processes = [one for one, _ in process.marked(cloud.layout.root)]
    # Each carries the mark, also those that give themselves a title.
    assert {one.pid for one in processes} >= {one.pid for one in look(cloud.layout).services}
    assert process.stop(processes, grace=0) == []
    assert run_cloud(cloud, "status").returncode == 1
    done = run_cloud(cloud, "up")
    assert done.returncode == 0, done.stderr
    try:
        assert user.network.get_network(network.id).name == "survivor"
        assert user.image.find_image(IMAGE, ignore_missing=False).status == "active"
        wait_until(
            "all of Nova and Cinder to be up",
            lambda: all_up(cloud),
            limit=60,
        )
    finally:
        user.network.delete_network(network)


def all_up(cloud: Cloud) -> bool:
    """Whether the services that have no API of their own report themselves."""
    with cloud.connect(admin=True) as admin:
        found = [*admin.compute.services(), *admin.block_storage.services()]
    return {service.binary for service in found if service.state == "up"} == {
        "nova-conductor",
        "nova-scheduler",
        "nova-compute",
        "cinder-scheduler",
        "cinder-volume",
    }
