"""What SlurmUser, root on a compute node and users' jobs cannot do, by the means that they have."""

from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live

CREDENTIAL = "/etc/slurm-appliance/reboot-clouds.yaml"


def _status(live: Live, node: str, command: str) -> int:
    return live.login.run(live.address(node), command).returncode


def test_slurm_user_reads_neither_the_credential_nor_the_spool(live: Live) -> None:
    spool = live.run("control", "sed -n 's/^spool: //p' /etc/slurm-appliance/reboot.yml")
    assert live.run("control", f"stat --format=%U:%a {CREDENTIAL}") == "slurm-appliance-reboot:400"
    for path in (CREDENTIAL, spool):
        assert _status(live, "control", f"runuser -u slurm -- head -c 1 {path}") != 0
        assert _status(live, "control", f"runuser -u slurm -- ls {path}/.") != 0


def test_slurm_user_can_only_name_nodes_of_ours(live: Live) -> None:
    done = live.login.run(live.address("control"), "runuser -u slurm -- /usr/sbin/slurm-appliance-reboot life-login-0")
    assert done.returncode == 1
    log = live.run("control", "journalctl -t slurm-appliance-reboot --since=-2min --no-pager")
    assert "1 node(s) are unknown: life-login-0" in log


def test_the_worker_and_its_helper_are_confined(live: Live) -> None:
    worker = live.run("control", "systemctl show --property=MainPID --value slurm-appliance-reboot.service")
    assert live.run("control", f"ps -o user:30= -p {worker}").strip() == "slurm-appliance-reboot"
    assert live.run("control", f"grep -E '^(CapEff|NoNewPrivs)' /proc/{worker}/status").split() == [
        "CapEff:",
        "0000000000000000",
        "NoNewPrivs:",
        "1",
    ]
    # A restart that finds nothing changed leaves both sockets listening.
    live.run("control", "systemctl restart slurm-appliance-reboot.service")
    sockets = "slurm-appliance-reboot.socket slurm-appliance-reboot-helper.socket"
    assert live.run("control", f"systemctl is-active {sockets}").split() == ["active", "active"]


def test_root_on_a_compute_node_runs_nothing_as_root_elsewhere(live: Live) -> None:
    done = live.login.run(
        live.address("c-0"),
        "SLURM_CONF=/run/slurm/conf/slurm.conf srun --immediate=20 --nodelist=life-c-1 touch /root/owned",
    )
    assert done.returncode != 0
    assert _status(live, "c-1", "test -e /root/owned") != 0


def test_a_trigger_finds_nothing_to_run(live: Live) -> None:
    """On Slurm before 23.11.5 the trigger is taken, and slurmctld cannot execute what is not the system's."""
    programs = [f"{folder}/trigger" for folder in ("/home/alice", "/opt", "/var/lib/slurm", "/srv")]
    live.run("control", "install -d -o slurm /var/lib/slurm")
    text = f"#!/bin/sh\\ncat {CREDENTIAL} > /var/tmp/owned\\ntouch /var/tmp/owned\\n"
    live.run("control", f"for each in {' '.join(programs)}; do printf '{text}' > $each; chmod 755 $each; done")
    environment = "SLURM_CONF=/run/slurm/conf/slurm.conf"
    for program in programs:
        live.login.run(
            live.address("c-0"), f"{environment} runuser -u slurm -- strigger --set --reconfig --program={program}"
        )
    live.run("control", "scontrol reconfigure")
    # slurmctld forgets a trigger once it has run its program.
    wait_until("triggers to be over", lambda: live.run("control", "strigger --get --noheader") == "", 90, 1)
    assert _status(live, "control", "test -e /var/tmp/owned") != 0
    live.run("control", f"rm -f {' '.join(programs)}")


def test_jobs_share_a_node_and_its_memory(live: Live) -> None:
    shown = live.run("control", "scontrol show partition")
    assert "DefMemPerCPU=" in shown
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 20")
    wait_until("the job to run", lambda: live.job_state(job) in {"RUNNING", "COMPLETED"}, 60)
    told = live.run("control", "scontrol --oneliner show node life-c-0")
    assert "AllocMem=0 " not in told
    live.run("control", f"scancel {job}")


def test_what_a_job_leaves_behind_goes_with_it(live: Live) -> None:
    left = "setsid sleep 3600 >/dev/null 2>&1 & echo x > /tmp/left; echo x > /dev/shm/left"
    done = live.as_user("alice", f"srun --nodelist=life-c-0 --immediate=60 sh -c '{left}'")
    assert done.returncode == 0, done.stderr

    gone = "! pgrep -u alice && test ! -e /tmp/left && test ! -e /dev/shm/left"
    wait_until("the Epilog", lambda: _status(live, "c-0", gone) == 0, 60)
    assert live.wait_for_state("c-0", "IDLE")["reason"] == ""


def test_users_do_not_see_each_other_s_jobs(live: Live) -> None:
    job = live.submit("olga", "--nodelist=life-c-1", "sleep 60")
    wait_until("the job to run", lambda: live.job_state(job) == "RUNNING", 60)

    assert live.as_user("alice", "squeue --noheader").stdout == ""
    assert job in live.as_user("olga", "squeue --noheader").stdout
    live.run("control", f"scancel {job}")


def test_another_run_of_site_changes_nothing_of_it(live: Live) -> None:
    before = live.run("control", f"stat --format=%i:%U:%a {CREDENTIAL} /etc/systemd/system/slurm*.d/*")
    live.rig.up()
    assert live.run("control", f"stat --format=%i:%U:%a {CREDENTIAL} /etc/systemd/system/slurm*.d/*") == before
