"""An image build that pins a snapshot of the mirror gets its packages, whatever the upstream has by then."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from openstack.connection import Connection

from localcloud.endpoints import ADDRESS
from localcloud.network.names import TABLE
from slurm_appliance.image import images
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import PackageRepository, PackageSources
from tests.engine.cloud_fixtures import Cloud
from tests.engine.mirror.command import Mirror, fresh_mirror
from tests.engine.mirror.packages import SigningKey, install_tools
from tests.engine.mirror.upstream import Upstream, serving
from tests.lifecycle.image_fixtures import BuildSite

PACKAGE = "hello-mirror"


@pytest.fixture
def key(tmp_path: Path) -> Iterator[SigningKey]:
    install_tools()
    made = SigningKey.make(tmp_path / "gpg")
    yield made
    made.stop_agent()


@pytest.fixture
def mirror(cloud: Cloud) -> Iterator[Mirror]:
    """A mirror on the cloud's address, which build servers reach."""
    assert cloud.layout.root.exists()
    with fresh_mirror("--address", ADDRESS) as there:
        # Servers reach the ports of the cloud's own services on its address, and no other.
        rule = f"insert rule inet {TABLE} from_nodes ip daddr {ADDRESS} tcp dport {there.port} accept"
        subprocess.run(["nft", rule], check=True)
        yield there


def test_builds_pinned_to_two_snapshots_get_two_versions(
    mirror: Mirror, key: SigningKey, fat_image: GlanceImage, build_site: BuildSite, user: Connection, tmp_path: Path
) -> None:
    upstream = Upstream(tmp_path / "upstream", key)
    upstream.release_deb(PACKAGE, "1.0")
    snapshots = []
    with serving(upstream):
        listing = tmp_path / "mirror.yaml"
        (tmp_path / "key.asc").write_text(key.public)
        listing.write_text(
            f"repositories: {{site: {{type: deb, url: '{upstream.url}/debian', suites: [stable], gpg_key: key.asc}}}}\n"
        )
        for version in ("1.0", "1.1"):
            upstream.release_deb(PACKAGE, version)
            mirror.call("sync", "--config", str(listing))
            snapshots.append(mirror.json("publish", "--config", str(listing)))
    # Both builds begin when the upstream is long at 1.1, and gone.
    found = {}
    for snapshot in snapshots:
        url = snapshot["repositories"]["site"]
        assert url.startswith(f"http://{ADDRESS}:")
        repository = PackageRepository("site", url, suite="stable", key=key.public)
        sources = PackageSources((repository,), snapshot["snapshot"])
        build = build_site.description(fat_image.name, (), extra_packages=(PACKAGE,), sources=sources)
        image = images.get(OpenStackApi(user), build_site.image(build)["image_id"])
        assert image is not None
        found[snapshot["snapshot"]] = ImageRecord.of_image(image).packages[PACKAGE]
    assert list(found.values()) == ["1.0", "1.1"]
