"""A cluster of the stand-in for Rocky Linux 9 with OpenHPC's packages of Slurm: when the other one is gone."""

from dataclasses import replace
from pathlib import Path

import pytest
from openstack.connection import Connection

from localcloud.image.standin.plan import REPOSITORIES
from slurm_appliance.image import images
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import PackageRepository, PackageSources
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.lifecycle.cluster.live import running
from tests.lifecycle.image_fixtures import FAT, BuildSite, fits_any_disk
from tests.lifecycle.rpm_server import served
from tests.lifecycle.test_stand_in import GANESHA, STAND_IN, described, repositories
from toolchain.ensure import Toolchain

__all__ = ["repositories"]


@pytest.mark.extended
def test_a_cluster_with_slurm_of_openhpc(
    repositories: Path, build_site: BuildSite, cloud: Cloud, user: Connection, tmp_path: Path, toolchain: Toolchain
) -> None:
    assert toolchain
    key = (repositories / "key.asc").read_text()
    with served(repositories, "site") as url:
        sources = PackageSources(
            repositories=tuple(PackageRepository(name, f"{url}/{name}", key=key) for name in REPOSITORIES)
        )
        build = replace(described(build_site, FAT, sources, *GANESHA), package_family="openhpc")
        image = fits_any_disk(user, build_site.image(build)["image_id"])
    record = ImageRecord.of_image(images.find(OpenStackApi(user), image.id))
    assert (record.facts["package_family"], bool(record.facts["slurm"])) == ("openhpc", True)
    named = {name for name in record.packages if name == "slurm" or name.startswith(("slurm-slurm", "slurm-pam"))}
    assert named == {f"slurm-{each}-ohpc" for each in ("pam_slurm", "slurmctld", "slurmd", "slurmdbd")}
    with running(cloud, user, image.name, tmp_path, STAND_IN.distribution) as made:
        job = made.submit("alice", "--nodes=2", "srun hostname")
        wait_until("the job's end", lambda: made.job_state(job) not in ("", "PENDING", "RUNNING"))
        assert made.job_state(job) == "COMPLETED"
