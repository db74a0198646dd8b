"""File systems and a directory on a running cluster: mounted, served, looked at; a user of the directory runs a job."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.endpoints import ADDRESS, SNAPSHOTS_PORT
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.site.failure import SiteError
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.lifecycle.cluster.live import COMPUTE, GROUP, Live, running, user_key
from tests.lifecycle.directory import Slapd, serving
from toolchain.ensure import Toolchain

GENERAL = ("c-0", "c-1")
NODES = ("control", "login-0", *COMPUTE)
FILESYSTEMS = {
    "projects-disk": {
        "type": "disk", "volume": "projects", "mount_point": "/exports/projects", "mode": "1777", "groups": ["control"],
    },
    "ram": {"type": "tmpfs", "size": "16M", "mount_point": "/ram", "groups": ["general", "entry"]},
    "fast": {"type": "disk", "volume": "fast", "mount_point": "/fast", "mode": "1777", "groups": ["general"]},
    "software": {"type": "bind", "source": "/usr/share", "mount_point": "/opt/software", "groups": ["general"],
                 "options": ["ro"]},
}  # fmt: skip
ALERTMANAGERS = ["https://alerts.example.org/slurm", "http://192.0.2.9:9093"]
#: What no kernel of this cloud can mount.
AWAY = {"type": "nfs", "export": "/exports/projects", "mount_point": "/projects", "groups": ["disk"]}


def _settings(directory: Slapd) -> dict[str, Any]:
    return {
        "monitoring_alertmanagers": ALERTMANAGERS,
        "control_extra_volumes": {"projects": {"size": 1}},
        "compute": {
            "general": {"nodes": ["c-[0-1]"], "extra_volumes": {"fast": {"size": 1}}, **GROUP},
            "disk": {"nodes": ["d-0"], "volume_backed_instances": True, "root_volume_size": 10, **GROUP},
        },
        "filesystems": FILESYSTEMS,
        **directory.settings,
    }


@pytest.fixture(scope="module")
def live(
    cloud: Cloud,
    user: Connection,
    fat_image: GlanceImage,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """A cluster with file systems, and a directory whose users have the cluster's users' key."""
    folder, own = tmp_path_factory.mktemp("services"), tmp_path_factory.mktemp("slapd")
    key = tmp_path_factory.mktemp("key") / "user"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    with (
        serving(own, ADDRESS, SNAPSHOTS_PORT, public) as directory,
        running(cloud, user, fat_image.name, folder, **_settings(directory)) as made,
    ):
        own_key = user_key(made.login.key)
        # ssh offers the key of the public file beside the private one.
        for file, of_directory in ((own_key, key), (own_key.with_suffix(".pub"), key.with_suffix(".pub"))):
            file.write_bytes(of_directory.read_bytes())
        yield made


@pytest.mark.parametrize("node", GENERAL)
def test_file_systems_are_mounted(live: Live, node: str) -> None:
    for point, kind in (("/ram", "tmpfs"), ("/fast", "ext4")):
        assert live.run(node, f"findmnt --noheadings --output FSTYPE --mountpoint {point}") == kind
    assert live.run(node, "stat --format=%a /fast") == "1777"
    assert live.run(node, 'test "$(ls /opt/software)" = "$(ls /usr/share)"; echo $?') == "0"
    assert "Read-only" in live.run(node, "touch /opt/software/x 2>&1 || true")


def test_only_chosen_groups_have_them(live: Live) -> None:
    assert live.run("login-0", "findmnt --noheadings --output FSTYPE --mountpoint /ram") == "tmpfs"
    assert live.run("d-0", "ls /etc/systemd/system/*.mount 2>/dev/null | grep -c -e ram -e fast || true") == "0"


def test_the_control_node_has_its_disk(live: Live) -> None:
    assert live.run("control", "findmnt --noheadings --output FSTYPE --mountpoint /exports/projects") == "ext4"
    assert live.run("control", "stat --format=%a /exports/projects") == "1777"


def test_prometheus_sends_alerts_to_the_alertmanagers(live: Live) -> None:
    secrets = inventory_file.load((live.environment.inventory / "group_vars/all/secrets.yml").read_text())
    password = secrets["monitoring_password"]
    asked = f"curl --silent --user operator:{shlex.quote(password)} http://127.0.0.1:9090/api/v1/alertmanagers"
    known = json.loads(live.run("control", asked))["data"]["activeAlertmanagers"]
    assert {each["url"] for each in known} == {
        "https://alerts.example.org/slurm/api/v2/alerts",
        "http://192.0.2.9:9093/api/v2/alerts",
    }


def test_the_health_check_looks_at_them(live: Live) -> None:
    check = "/usr/sbin/slurm-appliance-health --check"
    live.run("c-1", check)
    live.run("c-1", "systemctl stop ram.mount")
    assert "/ram is not mounted" in live.run("c-1", f"{check} 2>&1 || true")
    live.run("c-1", "systemctl start ram.mount")
    live.run("c-1", check)


@pytest.mark.parametrize("node", NODES)
def test_nodes_know_the_directorys_users(live: Live, node: str) -> None:
    assert live.run(node, "id --user dora; id --name --groups dora").split() == ["3001", "hpc"]
    assert live.run(node, "grep -c ^dora: /etc/passwd || true") == "0"
    assert live.run(node, "id --user root") == "0"
    # From sssd 2.10 on, its unit lets a group read the file: sssd's where it has a user of its own, otherwise root's.
    seen = ("root root 600", "root root 640", "root sssd 640")
    assert live.run(node, "stat --format='%U %G %a' /etc/sssd/sssd.conf") in seen


def test_a_member_logs_in_with_the_directorys_key(live: Live) -> None:
    done = live.ssh("dora", "login-0", "id --name --user")
    assert (done.returncode, done.stdout.strip()) == (0, "dora"), done.stderr
    assert live.ssh("eve", "login-0").returncode != 0, "not in the group"
    assert live.ssh("root", "login-0").returncode != 0, "a directory gives nobody root's account"
    assert live.ssh("alice", "login-0").returncode == 255, "local users keep keys of their own"


def test_no_user_of_the_directory_has_a_shell_on_the_control_node(live: Live) -> None:
    assert live.ssh("dora", "control", "true").returncode != 0


def test_a_member_runs_a_job_where_she_may_log_in_then(live: Live) -> None:
    wait_until("dora's home", lambda: live.run("control", "stat -c %u /home/dora 2>&1 || true") == "3001", 120)
    live.wait_for_association("dora")
    assert live.ssh("dora", "c-0").returncode != 0, "no job yet"
    command = "cd /tmp && runuser -u dora -- srun --immediate=60 --nodelist=life-c-0 --chdir=/tmp sh -c"
    script = "id --name --user; touch /fast/of-dora; stat --format=%U /fast/of-dora"
    assert live.run("login-0", f"{command} {script!r}").split() == ["dora", "dora"]
    with _job(live):
        assert live.ssh("dora", "c-0", "id --name --user").stdout.strip() == "dora"


@contextmanager
def _job(live: Live) -> Iterator[None]:
    submit = "cd /tmp && runuser -u dora -- sbatch --parsable --nodelist=life-c-0 --output=/dev/null --wrap 'sleep 100'"
    job = live.run("login-0", submit)
    try:
        wait_until("the job to run", lambda: "RUNNING" in live.run("control", f"squeue --noheader -o %T -j {job}"), 60)
        yield
    finally:
        live.run("control", f"scancel {job}")


def test_a_second_run_changes_nothing(live: Live) -> None:
    assert set(live.rig.up().changes) == {"same"}
    said = live.site()
    assert (said["exit_status"], said["changed_tasks"]) == (0, {})


def test_a_running_cluster_learns_its_topology_from_the_cloud(live: Live) -> None:
    job = live.submit("alice", "--nodelist=life-c-1", "sleep 300")
    wait_until("the job to run", lambda: live.job_state(job) == "RUNNING")
    live.rig.settings["slurm"] = {**live.rig.settings["slurm"], "topology": "hypervisors"}
    live.rig.up()
    shown = live.run("control", "scontrol show topology")
    host = live.server("c-0").host_id
    switches = dict(re.findall(r"SwitchName=(\S+) Level=\d+ .*Nodes=(\S+)", shown))
    assert switches[f"host-{host[:16]}"] == "life-c-0,life-c-1,life-d-0"
    assert switches["cloud"] == "life-c-[0-1],life-d-0"
    assert live.job_state(job) == "RUNNING"
    live.run("control", f"scancel {job}")


def test_one_that_is_away_keeps_its_node_from_jobs_and_is_named(live: Live) -> None:
    live.rig.settings["filesystems"] = {**FILESYSTEMS, "projects": AWAY}
    try:
        with pytest.raises(SiteError):
            live.rig.up()
        node = live.node("d-0")
        assert "DRAIN" in node["state"]
        assert "/projects cannot be mounted" in node["reason"]
        # The control node serves it all the same: compute nodes have a client that needs no kernel.
        live.run("control", "echo hello > /exports/projects/word")
        address = live.address("control")
        assert live.run("d-0", f"nfs-cat 'nfs://{address}/exports/projects/word?version=4'") == "hello"
    finally:
        live.rig.settings["filesystems"] = FILESYSTEMS
    live.rig.up()
    live.wait_for_state("d-0", "IDLE")


def test_what_is_taken_out_is_gone(live: Live) -> None:
    live.rig.settings["filesystems"] = {"projects-disk": FILESYSTEMS["projects-disk"]}
    identity = live.rig.settings.pop("identity")
    assert identity
    live.rig.up()
    for node in (*GENERAL, "login-0"):
        assert live.run(node, "findmnt --noheadings --mountpoint /ram || echo none") == "none"
        assert live.run(node, "systemctl is-active sssd || true") == "inactive"
        assert "no such user" in live.run(node, "id dora 2>&1 || true")
    assert live.run("control", "findmnt --noheadings --output FSTYPE --mountpoint /exports/projects") == "ext4"
