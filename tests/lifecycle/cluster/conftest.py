"""One cluster for all tests of this folder, brought up with no package source in reach."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from openstack.connection import Connection

from localcloud.endpoints import ADDRESS, MIRROR_PORT
from localcloud.network.names import TABLE
from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import Cloud
from tests.lifecycle.cluster.live import Live, running
from toolchain.ensure import Toolchain

#: The rule by which nodes reach no package, not even through the cloud's own proxy.
NO_PACKAGES = f"ip daddr {ADDRESS} tcp dport {MIRROR_PORT} drop"


@contextmanager
def no_packages() -> Iterator[None]:
    """While this lasts, servers reach no package source."""
    chain = ["inet", TABLE, "from_nodes"]
    said = subprocess.run(
        ["nft", "--echo", "--handle", "insert", "rule", *chain, *NO_PACKAGES.split()],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "rule", *chain, "handle", said.rpartition("handle")[2].strip()], check=True)


def build_if_used(request: pytest.FixtureRequest, image: str) -> None:
    """Build the image of a fixture if a test of this session uses it, while packages are in reach."""
    if any(image in item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)):
        request.getfixturevalue(image)


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
    build_if_used(request, "second_image")
    with no_packages(), running(cloud, user, fat_image.name, tmp_path_factory.mktemp("cluster")) as made:
        yield made
