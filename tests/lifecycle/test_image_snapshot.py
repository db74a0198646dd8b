"""An image build that pins a snapshot of the mirror gets its packages, whatever the upstream has by then."""

from pathlib import Path

from openstack.connection import Connection

from localcloud.endpoints import ADDRESS
from slurm_appliance.image import images
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import PackageRepository, PackageSources
from tests.engine.mirror.command import Mirror
from tests.engine.mirror.packages import SigningKey
from tests.engine.mirror.upstream import Upstream, serving
from tests.lifecycle.image_fixtures import BuildSite

PACKAGE = "hello-mirror"


def test_builds_pinned_to_two_snapshots_get_two_versions(
    mirror: Mirror,
    signing_key: SigningKey,
    fat_image: GlanceImage,
    build_site: BuildSite,
    user: Connection,
    tmp_path: Path,
) -> None:
    upstream = Upstream(tmp_path / "upstream", signing_key)
    upstream.release_deb(PACKAGE, "1.0")
    snapshots = []
    with serving(upstream):
        listing = tmp_path / "mirror.yaml"
        (tmp_path / "key.asc").write_text(signing_key.public)
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
        repository = PackageRepository("site", url, suite="stable", key=signing_key.public)
        sources = PackageSources((repository,), snapshot["snapshot"])
        build = build_site.description(fat_image.name, (), extra_packages=(PACKAGE,), sources=sources)
        image = images.get(OpenStackApi(user), build_site.image(build)["image_id"])
        assert image is not None
        found[snapshot["snapshot"]] = ImageRecord.of_image(image).packages[PACKAGE]
    assert list(found.values()) == ["1.0", "1.1"]
