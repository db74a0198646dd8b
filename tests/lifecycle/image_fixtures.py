"""Cluster images for tests: the full one is built once for a content and kept in the cache folder.

A test cloud is new in each session. The image that the last session built is uploaded then, instead of being built
again, for as long as nothing that goes into it has changed: the file is named by the digest of its content, with the
recipe of the base image in place of its id.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from localcloud.control.resources import DIGEST
from localcloud.host.server_kind import ServerKind
from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.image import content, images
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.settings import FORCE
from slurm_appliance.image.spec import ImageBuild, Machine, PackageSources, to_json
from tests.engine.cloud_fixtures import IMAGE, PATIENCE, SERVERS, Cloud
from toolchain.paths import REPOSITORY, cache_folder

#: Everything that nodes of any kind need.
FAT = ("control", "login", "compute")
#: Slurm's release in each release of Debian.
SLURM = {"12": "22.05", "13": "24.11", "14": "26.05"}
#: Units that must not run on nodes, by the role that the image build runs first.
AUTOMATIC = yaml.safe_load((REPOSITORY / "ansible/roles/image_prepare/vars/Debian.yml").read_text())[
    "image_prepare_automatic"
]
#: Files of earlier contents that stay beside the newest.
_KEPT = 4


@dataclass(frozen=True)
class BuildSite:
    """Builds images on the test cloud as an operator would: in a process of its own.

    Attributes:
        cloud: the cloud.
        network: name of the build servers' network.
        state: state folder of the machine that builds.
    """

    cloud: Cloud
    network: str
    state: Path

    def description(self, base: str, groups: tuple[str, ...], **more: Any) -> ImageBuild:
        """A build on this cloud."""
        ssh, whole = int(120 * PATIENCE), int(1500 * PATIENCE)
        machine = Machine("slurm.medium", self.network)
        build = ImageBuild(base, groups, machine, ssh_timeout=ssh, build_timeout=whole)
        return replace(build, **{"sources": PackageSources(proxy=self.cloud.package_proxy), **more})

    def start(self, build: ImageBuild, *, force: bool = False) -> "subprocess.Popen[str]":
        """Begin to build."""
        environment = {**os.environ, **self.cloud.environment, "XDG_STATE_HOME": str(self.state)}
        child = subprocess.Popen(
            [sys.executable, "-m", "slurm_appliance.image_build"],
            cwd=REPOSITORY,
            env={**environment, FORCE: "1"} if force else environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        child.stdin.write(to_json(build))
        child.stdin.close()
        child.stdin = None
        return child

    def run(self, build: ImageBuild, *, force: bool = False, limit: float = 1800) -> "subprocess.CompletedProcess[str]":
        """Build to the end, however it ends."""
        child = self.start(build, force=force)
        try:
            output, errors = child.communicate(timeout=limit * PATIENCE)
        finally:
            child.kill()
            child.wait()
        print(errors)
        return subprocess.CompletedProcess(child.args, child.returncode, output, errors)

    def image(self, build: ImageBuild) -> dict[str, Any]:
        """Have an image; it must succeed."""
        ended = self.run(build)
        assert ended.returncode == 0, ended.stderr
        outcome: dict[str, Any] = json.loads(ended.stdout)
        return outcome


@pytest.fixture(scope="session")
def build_site(cloud: Cloud, user: Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildSite]:
    """The place to build images at."""
    unique = uuid.uuid4()
    network: Any = user.network.create_network(name=f"build-{unique.hex[:8]}")
    # On a cloud that is kept, networks of several runs may be there at a time.
    cidr = f"10.78.{unique.int % 256}.0/24"
    user.network.create_subnet(network_id=network.id, name=network.name, ip_version=4, cidr=cidr)
    try:
        yield BuildSite(cloud, str(network.name), tmp_path_factory.mktemp("state"))
    finally:
        user.network.delete_network(network)


@pytest.fixture(scope="session")
def fat_image(build_site: BuildSite, user: Connection) -> GlanceImage:
    """The full cluster image, in the test cloud's Glance."""
    return full_image(build_site, user, IMAGE)


def full_image(build_site: BuildSite, user: Connection, base_name: str) -> GlanceImage:
    """The full cluster image on a base image, in the test cloud's Glance."""
    api = OpenStackApi(user)
    build = build_site.description(base_name, FAT)
    base = images.find(api, base_name)
    file = cache_folder("test-images", f"fat-{content.digest(build, base.properties[DIGEST])}.image")
    name = content.image_name(build, base.identity)
    if file.exists() and not images.ours_named(api, name):
        _upload(user, file, name, base.id)
    outcome = build_site.image(build)
    image = fits_any_disk(user, outcome["image_id"])
    if outcome["built"]:
        _keep(user, image, file)
    return image


def fits_any_disk(user: Connection, image_id: str) -> GlanceImage:
    """Take back the least disk, which Nova set to the flavor's: a container's image is an archive, and fits on any."""
    if SERVERS is ServerKind.VM:
        return images.find(OpenStackApi(user), image_id)
    patch = [{"op": "replace", "path": "/min_disk", "value": 0}]
    return GlanceImage.of(OpenStackApi(user).call("image", "PATCH", f"/images/{image_id}", json=patch).body)


def _keep(user: Connection, image: GlanceImage, file: Path) -> None:
    """Put an image into the cache folder, and forget old ones."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".part{os.getpid()}")
    user.image.download_image(image.id, output=str(part), stream=True)
    ours = {key: value for key, value in image.properties.items() if key.startswith(("hw_", "os_", "slurm_appliance_"))}
    properties = {key: value for key, value in ours.items() if not key.startswith("os_hash")}
    file.with_suffix(".json").write_text(json.dumps(properties))
    part.rename(file)
    for old in sorted(file.parent.glob("*.image"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink()
        old.with_suffix(".json").unlink(missing_ok=True)
    # A test run that was killed while it downloaded leaves a part: nobody's after a day.
    for stale in file.parent.glob("*.part*"):
        if time.time() - stale.stat().st_mtime > 86400:
            stale.unlink()


def _upload(user: Connection, file: Path, name: str, base_id: str) -> None:
    """Put a file of the cache folder into Glance, as the build would have left it."""
    os.utime(file)
    properties = {**json.loads(file.with_suffix(".json").read_text()), "slurm_appliance_base_id": base_id}
    api = OpenStackApi(user)
    disk_format = "qcow2" if SERVERS is ServerKind.VM else "raw"
    body = {"name": f"upload-{name}", "disk_format": disk_format, "container_format": "bare", "visibility": "private"}
    made = api.call("image", "POST", "/images", json=body).body
    with file.open("rb") as data:
        answer = user.image.put(
            f"/images/{made['id']}/file", data=data, headers={"Content-Type": "application/octet-stream"}
        )
    assert answer.status_code == 204, answer.text
    images.finish(api, made["id"], name=name, visibility="private", properties=properties)
    assert images.ours_named(api, name)[0].tags == {IMAGE_TAG}


@pytest.fixture(scope="session")
def second_image(build_site: BuildSite, fat_image: GlanceImage, user: Connection) -> GlanceImage:
    """An image that adds a package to the full one: ``tree``."""
    outcome = build_site.image(build_site.description(fat_image.name, (), extra_packages=("tree",)))
    return fits_any_disk(user, outcome["image_id"])
