"""What a run of site.yml skips: what was applied and has not changed. What was interrupted is not what was applied."""

import re
import subprocess
import time
from collections.abc import Callable

import pytest

from slurm_appliance.api import ManagedCluster
from slurm_appliance.site.failure import SiteError
from tests.engine.cloud_fixtures import wait_until
from tests.engine.cluster.killing import kill_session
from tests.lifecycle.cluster.live import Live
from toolchain.paths import REPOSITORY

#: The roles of which something runs in each run.
ALWAYS = {
    "compute_init_export",
    "directory_users",
    "filesystems",
    "nfs_client",
    "nfs_server",
    "slurm_accounting",
    "state_volume",
}
MOTD = "/etc/motd.d/slurm-appliance"
JOURNAL = "/etc/systemd/journald.conf.d/slurm-appliance.conf"


def roles(live: Live) -> set[str]:
    """The roles of which the newest run of site.yml ran something."""
    log = max(live.environment.logs.glob("site-*.log"))
    return set(re.findall(r"^TASK \[(\w+) : ", log.read_text(), re.MULTILINE))


def exists(live: Live, node: str, path: str) -> bool:
    return live.run(node, f"test -e {path} && echo yes || echo no") == "yes"


@pytest.fixture(autouse=True)
def applied(live: Live) -> None:
    """A test before may have left something to do."""
    live.rig.up()
    assert live.site()["exit_status"] == 0


def test_a_run_after_a_run_does_nothing(live: Live) -> None:
    said = live.site()
    assert (said["exit_status"], said["changed"]) == (0, 0)
    assert roles(live) == ALWAYS
    ManagedCluster(live.rig.session()).run_site()
    assert roles(live) == ALWAYS


@pytest.mark.extended
def test_a_new_user_is_a_matter_of_users(live: Live) -> None:
    live.rig.settings["users"]["quinn"] = {"uid": 2044}
    live.rig.up()
    assert roles(live) == ALWAYS | {"accounts", "basic_users"}
    assert {live.run(node, "id -u quinn") for node in ("control", "login-0", "c-0", "c-1", "d-0")} == {"2044"}


@pytest.mark.extended
def test_a_slurm_option_is_a_matter_of_slurm(live: Live) -> None:
    live.rig.settings["slurm"] = live.rig.settings["slurm"] | {"options": {"KillWait": 43}}
    live.rig.up()
    assert "= 43 sec" in live.run("control", "scontrol show config | grep ^KillWait")
    assert {"slurmctld", "slurm_client"} <= roles(live)
    assert not roles(live) & {"journald", "sshd", "chrony", "prometheus", "munge"}


@pytest.mark.extended
def test_a_service_that_stopped_is_started_again(live: Live) -> None:
    live.run("control", "systemctl stop prometheus")
    assert live.site()["exit_status"] == 0
    assert live.run("control", "systemctl is-active prometheus") == "active"
    assert roles(live) == ALWAYS | {"prometheus"}


@pytest.mark.extended
def test_what_somebody_changed_by_hand_is_a_matter_of_all(live: Live) -> None:
    live.run("login-0", f"rm {JOURNAL}")
    assert live.site()["exit_status"] == 0
    assert not exists(live, "login-0", JOURNAL)
    live.run("c-0", f"rm {JOURNAL}")
    ManagedCluster(live.rig.session()).run_site(everything=True)
    assert exists(live, "login-0", JOURNAL)
    assert exists(live, "c-0", JOURNAL)
    said = live.site()
    assert (said["exit_status"], said["changed"]) == (0, 0)


def _killed(live: Live, reached: Callable[[], bool]) -> None:
    live.rig.session()  # It writes the stack file.
    command = [str(REPOSITORY / "slurm-appliance"), "--stacks", str(live.rig.stacks), "up", "--stack", live.rig.name]
    process = subprocess.Popen([*command, "--yes"], start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        wait_until("the moment", lambda: reached() or process.poll() is not None, 300, 0.1)
        assert process.poll() is None, "up ended before"
    finally:
        kill_session(process.pid)
        process.wait()


@pytest.mark.extended
def test_a_killed_run_is_made_up_for_even_if_the_change_is_taken_back(live: Live) -> None:
    began = time.time()
    live.rig.settings["motd"] = "Be careful"

    def written() -> bool:
        logs = [path for path in live.environment.logs.glob("site-*.log") if path.stat().st_mtime >= began]
        text = "".join(path.read_text() for path in logs)
        return re.search(r"TASK \[motd : Write the site's message of the day\] \**\nchanged", text) is not None

    _killed(live, written)
    assert exists(live, "login-0", MOTD)
    del live.rig.settings["motd"]
    live.rig.up()
    assert "motd" in roles(live), "the record does not say that it was applied"
    assert not exists(live, "login-0", MOTD)


@pytest.mark.extended
def test_a_failed_run_is_made_up_for_even_if_the_change_is_taken_back(live: Live) -> None:
    live.rig.settings["motd"] = "Be careful"
    hook = live.environment.folder / "hooks" / "post.yml"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('[{"hosts": "control", "gather_facts": false, "tasks": [{"ansible.builtin.fail": {}}]}]')
    try:
        with pytest.raises(SiteError):
            live.rig.up()
    finally:
        hook.unlink()
    assert exists(live, "login-0", MOTD)
    del live.rig.settings["motd"]
    live.rig.up()
    assert not exists(live, "login-0", MOTD)


@pytest.mark.extended
def test_after_a_boot_everything_runs(live: Live) -> None:
    boot = "cat /proc/sys/kernel/random/boot_id"
    before = live.run("login-0", boot)
    live.login.run(live.address("login-0"), "systemctl reboot")

    def back() -> bool:
        done = live.login.run(live.address("login-0"), boot)
        return done.returncode == 0 and done.stdout.strip() != before

    wait_until("login-0 to be back", back, 120)
    assert live.site()["exit_status"] == 0
    assert {"journald", "sshd", "slurmctld", "prometheus"} <= roles(live)
    assert live.site()["exit_status"] == 0
    assert roles(live) == ALWAYS
