"""A cluster of virtual machines, brought up with no package source in reach: control, login and one compute node."""

from collections.abc import Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import PATIENCE, Cloud
from tests.engine.pulumi_fixtures import stack_folders, toolchain
from tests.lifecycle.cluster.conftest import no_packages
from tests.lifecycle.cluster.live import FLAVOR, RESUME_TIMEOUT, ROLES, Live, running
from tests.lifecycle.image_fixtures import BuildSite, fat_image
from toolchain.ensure import Toolchain

__all__ = ["fat_image", "stack_folders", "toolchain"]

#: A kernel that GRUB prefers to the base image's: its name comes later.
KERNEL = "linux-image-rt-amd64"

#: One compute node: two processors emulate all machines.
ONE_NODE = {"general": {"nodes": ["c-0"], "flavor": FLAVOR, "ignore_image_changes": True, "compute_init_enable": ROLES}}

#: A /tmp of each job's own is the site's choice.
SLURM: dict[str, Any] = {
    "resume_timeout": int(RESUME_TIMEOUT * PATIENCE),
    "options": {"JobContainerType": "job_container/tmpfs"},
    "files": {"job_container.conf": "AutoBasePath=true\nBasePath=/var/lib/jobs\n"},
}


@pytest.fixture(scope="package")
def other_kernel(build_site: BuildSite, fat_image: GlanceImage, user: Connection) -> GlanceImage:
    """The full image with another kernel."""
    build = build_site.description(fat_image.name, (), extra_packages=(KERNEL,))
    outcome = build_site.image(build)
    found: Any = user.image.get_image(outcome["image_id"])
    return GlanceImage.of(found.to_dict())


@pytest.fixture(scope="package")
def live(
    cloud: Cloud,
    user: Connection,
    fat_image: GlanceImage,
    other_kernel: GlanceImage,  # noqa: ARG001 - built while packages are in reach
    toolchain: Toolchain,  # noqa: ARG001 - there before time is looked at
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """The cluster, up on the full image."""
    folder = tmp_path_factory.mktemp("cluster")
    with no_packages(), running(cloud, user, fat_image.name, folder, compute=ONE_NODE, slurm=SLURM) as made:
        yield made
