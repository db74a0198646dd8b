"""Other systems than the default: an image of each is built, and a cluster of that image runs a job."""

from pathlib import Path

import pytest
from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import systems
from localcloud.image.content import GENERIC_CLOUD
from localcloud.image.systems import System
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.lifecycle.cluster.live import Live, running
from tests.lifecycle.image_fixtures import AUTOMATIC, BuildSite, full_image
from toolchain.ensure import Toolchain

#: Name servers that nobody has.
NAME_SERVER, OTHER = "192.0.2.53", "192.0.2.54"
RPC_PIPES = "run-rpc_pipefs.mount"
NODES = ("control", "login-0", "c-0")


@pytest.mark.parametrize("name", ["debian-12", "debian-13-genericcloud"])
def test_a_cluster_of_another_system_runs_a_job(
    name: str,
    cloud: Cloud,
    build_site: BuildSite,
    user: Connection,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path: Path,
) -> None:
    system = systems.system(name)
    lifecycle.add_image(cloud.layout, system, Steps(say))
    image = full_image(build_site, user, name)

    with running(cloud, user, image.name, tmp_path) as live:
        assert live.run("control", f"grep -c 'VERSION_ID=.{system.version}' /etc/os-release") == "1"
        _run_a_job(live)
        for node in NODES:
            _check_node(live, node, system)
        live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-0")
        wait_until("the node's reboot", lambda: live.actions("c-0")[-1] == "reboot", 120)
        live.wait_for_state("c-0", "IDLE")
        _check_node(live, "c-0", system)
        assert live.site()["exit_status"] == 0
        if system.content is GENERIC_CLOUD:
            _change_name_servers(live)


def _run_a_job(live: Live) -> None:
    job = live.submit("alice", "--nodes=2", "srun hostname")
    wait_until("the job's end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"))
    assert live.job_state(job) == "COMPLETED"


def _change_name_servers(live: Live) -> None:
    """systemd-resolved follows a change at once, and has its own way again without the setting."""
    live.rig.settings["resolv_conf"] = {"servers": [NAME_SERVER]}
    live.rig.up()
    for node in NODES:
        assert live.run(node, "cat /etc/resolv.conf").splitlines()[1:] == [f"nameserver {NAME_SERVER}"]
        assert _global(live, node) == ([NAME_SERVER], ["~."])
    live.rig.settings["resolv_conf"] = {"servers": [OTHER], "search": ["hpc.example"]}
    live.rig.up()
    for node in NODES:
        assert _global(live, node) == ([OTHER], ["hpc.example", "~."])
    live.rig.settings["resolv_conf"] = {"servers": [OTHER]}
    live.rig.up()
    for node in NODES:
        assert _global(live, node) == ([OTHER], ["~."])
    del live.rig.settings["resolv_conf"]
    live.rig.up()
    for node in NODES:
        assert _global(live, node) == ([], [])
        assert live.run(node, "readlink /etc/resolv.conf") == "../run/systemd/resolve/stub-resolv.conf"


def _global(live: Live, node: str) -> tuple[list[str], list[str]]:
    """The name servers that systemd-resolved asks whatever the network, and the domains that it asks them for."""
    servers, domains = (live.run(node, f"resolvectl {what} | grep Global").split()[1:] for what in ("dns", "domain"))
    return servers, domains


def _check_node(live: Live, node: str, system: System) -> None:
    """What a distribution's cloud image brings does not disturb the cluster."""
    assert live.run(node, f"systemctl is-enabled {' '.join(AUTOMATIC)} || true").split() == ["masked"] * len(AUTOMATIC)
    # A container's kernel has no such file system.
    assert set(live.run(node, "systemctl --failed --no-legend --plain | cut -d ' ' -f 1").split()) <= {RPC_PIPES}
    if system.content is GENERIC_CLOUD:
        # One program sets the clock.
        clocks = "dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\\n' chrony systemd-timesyncd"
        assert live.run(node, f"{clocks} 2>/dev/null | grep '^i' || true").split() == ["ii", "chrony"]
