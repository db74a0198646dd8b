"""Another system than the default: an image of it is built, and a cluster of that image runs a job."""

from pathlib import Path

from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import systems
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.lifecycle.cluster.live import running
from tests.lifecycle.image_fixtures import BuildSite, full_image
from toolchain.ensure import Toolchain

OTHER = systems.system("debian-12")


def test_a_cluster_of_debian_12_runs_a_job(
    cloud: Cloud,
    build_site: BuildSite,
    user: Connection,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path: Path,
) -> None:
    lifecycle.add_image(cloud.layout, OTHER, Steps(say))
    image = full_image(build_site, user, OTHER.name)

    with running(cloud, user, image.name, tmp_path) as live:
        assert live.run("control", f"grep -c 'VERSION_ID=.{OTHER.version}' /etc/os-release") == "1"
        job = live.submit("alice", "--nodes=2", "srun hostname")
        wait_until("the job's end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"))
        assert live.job_state(job) == "COMPLETED"
        assert live.site()["exit_status"] == 0
