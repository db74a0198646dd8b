"""From nothing to a cluster that runs users' jobs, with no package source in reach."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from localcloud.endpoints import MIRROR_URL
from slurm_appliance.cluster_check.judge import CheckVerdict
from slurm_appliance.cluster_check.run import check_cluster
from tests.engine.cloud_fixtures import SYSTEM, wait_until
from tests.lifecycle.cluster.live import AUTHORITY, COMPUTE, PARAMETER, PARAMETER_VALUE, Live
from tests.lifecycle.image_fixtures import SLURM

NODES = {"life-c-0", "life-c-1", "life-d-0"}
EVERY = ("control", "login-0", "c-0", "c-1", "d-0")


def test_an_ordinary_user_s_job_runs_on_all_nodes(live: Live) -> None:
    done = live.as_user("alice", "srun --nodes=3 --immediate=60 sh -c 'echo $(hostname) $(id -un)'")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {f"{node} alice" for node in NODES}
    told = "sacct --allusers --noheader --allocations --parsable2 --format=User,State,NNodes"
    # slurmctld tells the accounting a little later.
    wait_until("the accounting", lambda: "alice|COMPLETED|3" in live.run("control", told).splitlines(), 30)


def test_the_acceptance_tests_pass(live: Live) -> None:
    rows = check_cluster(live.environment)
    assert {row.check: row.why for row in rows if row.verdict is not CheckVerdict.PASS} == {}
    assert {"MPI ping-pong", "HPL", "memory bandwidth", "sacct", "home directory", "Prometheus"} <= {
        row.check for row in rows
    }


def test_the_state_volume_says_of_which_slurm_it_is(live: Live) -> None:
    said = json.loads(live.run("control", "cat /var/lib/state/slurm-versions.json"))
    version = live.run("control", "scontrol --version").split()[-1]
    assert said == {"slurmctld": version, "slurmdbd": version}
    assert version.startswith(SLURM[SYSTEM.version])


def test_a_newer_slurm_s_state_is_refused(live: Live) -> None:
    command = "slurm-appliance-slurm-files --volume /root/volume judge --control life-control"
    live.run("control", """mkdir -p /root/volume; echo '{"slurmctld": "99.05.1"}' >/root/volume/slurm-versions.json""")
    done = live.login.run(live.address("control"), f"echo '{{}}' | {command}")
    assert done.returncode == 1
    assert "99.05.1" in json.loads(done.stdout)["rejected"]


def test_no_node_reaches_a_package_source(live: Live) -> None:
    def tried(node: str) -> tuple[int, bool]:
        curl = live.login.run(live.address(node), f"curl --silent --show-error --max-time 3 {MIRROR_URL}/ 2>&1")
        apt = live.login.run(live.address(node), "timeout 20 apt-get update --error-on=any 2>&1")
        return curl.returncode, apt.returncode != 0

    with ThreadPoolExecutor() as pool:
        assert dict(zip(EVERY, pool.map(tried, EVERY), strict=True)) == dict.fromkeys(EVERY, (28, True))


@pytest.mark.parametrize("node", ["c-0", "d-0"])
def test_compute_nodes_said_that_they_waited_for_the_playbook(live: Live, node: str) -> None:
    journal = live.run(node, "journalctl --boot --unit compute-init --output cat")
    assert "site.yml has not run" in journal
    assert "set up, slurmd is registered" in journal


@pytest.mark.parametrize("node", EVERY)
def test_nodes_have_what_the_site_asks_of_their_system(live: Live, node: str) -> None:
    authorities = "python3 -c 'import ssl; print(ssl.create_default_context().get_ca_certs())'"
    assert AUTHORITY in live.run(node, authorities)
    # Containers may not set it: they have the file only.
    assert f"{PARAMETER} = {PARAMETER_VALUE}" in live.run(node, "cat /etc/sysctl.d/90-slurm-appliance.conf")
    assert live.run(node, "ls /etc/profile.d/slurm-appliance-proxy.sh 2>/dev/null || echo none") == "none"


def test_slurm_shows_each_node_s_server_and_image(live: Live) -> None:
    for node in COMPUTE:
        shown = live.run("control", f"scontrol show node life-{node}")
        image = json.loads(live.run(node, "cat /var/lib/image/image.json"))["name"]
        assert f"InstanceId={live.hosts()[f'life-{node}']['instance_id']}" in shown.split()
        assert f"Extra=image={image}" in shown.split()


def test_a_second_run_changes_nothing(live: Live) -> None:
    assert set(live.rig.up().changes) == {"same"}
    said = live.site(everything=True)
    assert (said["exit_status"], said["changed_tasks"], said["changed"]) == (0, {}, 0)


def test_a_job_runs_on_while_the_site_is_configured_again(live: Live) -> None:
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 600")
    live.rig.settings["slurm"] = live.rig.settings["slurm"] | {"options": {"KillWait": 45}}
    assert "update" in live.rig.up().changes
    assert "= 45 sec" in live.run("control", "scontrol show config | grep ^KillWait")
    assert live.job_state(job) == "RUNNING"
    live.run("control", f"scancel {job}")


def secrets_of(live: Live) -> dict[str, str]:
    """Every generated secret by a name."""
    values = yaml.safe_load((live.environment.inventory / "group_vars/all/secrets.yml").read_text())
    cloud = values.pop("reboot_cloud")
    return {**values, "reboot_cloud": cloud["auth"]["application_credential_secret"]}


def test_secrets_are_nowhere_in_clear(live: Live) -> None:
    secrets = secrets_of(live)
    assert len(secrets) == 6
    assert all(len(value) >= 32 for value in secrets.values())
    state = live.rig.state_text()
    commands = b"\n".join(live.commands.seen).decode(errors="replace")
    assert "slurm_appliance.site_run" in commands, "the processes were looked at"
    logs = {str(path): path.read_text(errors="replace") for path in live.environment.logs.glob("*")}
    assert len(logs) >= 2
    places = {"state": state, "process list": commands, "progress": "\n".join(live.rig.lines), **logs}
    found = [(name, place) for name, value in secrets.items() for place, text in places.items() if value in text]
    assert found == []
    for path in live.environment.folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077:
            text = path.read_text(errors="replace")
            assert [name for name, value in secrets.items() if value in text] == [], path


@pytest.mark.parametrize("node", EVERY)
def test_no_user_can_read_a_secret_on_a_node(live: Live, node: str) -> None:
    patterns = "\n".join(secrets_of(live).values())
    # All files that an ordinary user can read and that were not in the image.
    search = (
        "umask 077; cat > /root/patterns <<'END'\n" + patterns + "\nEND\n"
        "runuser -u nobody -- find / -xdev -type f -newer /var/lib/image/image.json -readable -print0 2>/dev/null "
        "> /root/files; "
        "xargs --null --no-run-if-empty grep --files-with-matches --fixed-strings --file /root/patterns < /root/files; "
        "tr -dc '\\0' < /root/files | wc -c; rm /root/patterns /root/files"
    )
    *found, looked_at = live.run(node, search).splitlines()
    assert found == []
    assert int(looked_at) > 20


def test_the_inventory_is_one_that_ansible_reads(live: Live) -> None:
    listed = subprocess.run(
        ["ansible-inventory", "--inventory", str(live.environment.inventory), "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "life-control" in listed.stdout
