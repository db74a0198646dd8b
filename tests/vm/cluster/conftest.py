"""A cluster of virtual machines, brought up with no package source in reach: control, login and one compute node."""

from collections.abc import Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import PATIENCE, Cloud
from tests.engine.pulumi_fixtures import stack_folders, toolchain
from tests.lifecycle.cluster.conftest import build_if_used, no_packages
from tests.lifecycle.cluster.live import GROUP, Live, running
from tests.lifecycle.image_fixtures import BuildSite, fat_image, fits_any_disk
from toolchain.ensure import Toolchain

__all__ = ["fat_image", "stack_folders", "toolchain"]

#: A kernel that GRUB prefers to the base image's: its name comes later.
KERNEL = "linux-image-rt-amd64"

#: One compute node: two processors emulate all machines.
ONE_NODE = {"general": {"nodes": ["c-0"], **GROUP}}

#: Seconds until a machine that Slurm rebooted takes jobs again: 7 minutes if nothing else uses the processors.
RESUME_SECONDS = 900

#: A /tmp of each job's own is the site's choice.
SLURM: dict[str, Any] = {
    "resume_timeout": RESUME_SECONDS,
    "options": {"JobContainerType": "job_container/tmpfs"},
    "files": {"job_container.conf": "AutoBasePath=true\nBasePath=/var/lib/jobs\n"},
}
#: Seconds that three machines may take to boot at once.
BOOT_SECONDS = int(300 * PATIENCE)


@pytest.fixture(scope="package")
def other_kernel(build_site: BuildSite, fat_image: GlanceImage, user: Connection) -> GlanceImage:
    """The full image with another kernel."""
    build = build_site.description(fat_image.name, (), extra_packages=(KERNEL,))
    return fits_any_disk(user, build_site.image(build)["image_id"])


@pytest.fixture(scope="package")
def live(
    cloud: Cloud,
    user: Connection,
    fat_image: GlanceImage,
    request: pytest.FixtureRequest,
    toolchain: Toolchain,  # noqa: ARG001 - there before time is looked at
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """The cluster, up on the full image."""
    build_if_used(request, "other_kernel")
    folder = tmp_path_factory.mktemp("cluster")
    own: dict[str, Any] = {
        "compute": ONE_NODE,
        "slurm": SLURM,
        "ansible_init_wait": BOOT_SECONDS,
        "chrony_servers": ["life-control"],
        # They take half of an emulated machine's first boot, and are the same in a container.
        "cacerts": [],
    }
    with no_packages(), running(cloud, user, fat_image.name, folder, **own) as made:
        yield made
