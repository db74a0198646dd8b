"""Other systems than the default: an image of each is built, and a cluster of that image runs a job."""

from pathlib import Path

import pytest
import yaml
from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import systems
from localcloud.image.systems import System
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.lifecycle.cluster.live import Live, running
from tests.lifecycle.image_fixtures import BuildSite, full_image
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY

#: Units that must not run on nodes, by the role that the image build runs first.
AUTOMATIC = yaml.safe_load((REPOSITORY / "ansible/roles/image_prepare/vars/Debian.yml").read_text())[
    "image_prepare_automatic"
]
#: A name server that nobody has: nodes need none.
NAME_SERVER = "192.0.2.53"


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

    with running(cloud, user, image.name, tmp_path, resolv_conf={"servers": [NAME_SERVER]}) as live:
        assert live.run("control", f"grep -c 'VERSION_ID=.{system.version}' /etc/os-release") == "1"
        _run_a_job(live)
        for node in ("control", "login-0", "c-0"):
            _check_node(live, node, system)
        live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-0")
        wait_until("the node's rebuild", lambda: live.actions("c-0")[-1] == "rebuild", 120)
        live.wait_for_state("c-0", "IDLE")
        _check_node(live, "c-0", system)
        assert live.site()["exit_status"] == 0


def _run_a_job(live: Live) -> None:
    job = live.submit("alice", "--nodes=2", "srun hostname")
    wait_until("the job's end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"))
    assert live.job_state(job) == "COMPLETED"


def _check_node(live: Live, node: str, system: System) -> None:
    """What a distribution's cloud image brings does not disturb the cluster."""
    assert live.run(node, f"systemctl is-enabled {' '.join(AUTOMATIC)} || true").split() == ["masked"] * len(AUTOMATIC)
    assert live.run(node, "systemctl --failed --no-legend --plain") == ""
    assert live.run(node, "grep nameserver /etc/resolv.conf") == f"nameserver {NAME_SERVER}"
    if system.generic_cloud:
        assert live.run(node, "resolvectl dns | grep Global").split() == ["Global:", NAME_SERVER]
        assert live.run(node, "resolvectl domain | grep Global").split() == ["Global:", "~."]
        assert "/run/systemd/network/10-netplan-" in live.run(node, "networkctl status --all --no-pager")
        # One program sets the clock.
        clocks = "dpkg-query --show --showformat '${db:Status-Abbrev}${Package}\\n' chrony systemd-timesyncd"
        assert live.run(node, f"{clocks} 2>/dev/null | grep '^i' || true").split() == ["ii", "chrony"]
