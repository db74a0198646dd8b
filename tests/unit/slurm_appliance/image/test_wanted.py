"""From a configuration to builds: what is asked for, what exists, what starts from what."""

from typing import Any

import pytest

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.cloud.project_lists import image_facts
from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import ApplianceError, UsageError
from slurm_appliance.image.errors import ImageError
from slurm_appliance.image.settings import from_settings
from slurm_appliance.image.spec import Machine, PackageRepository, Ssh
from slurm_appliance.image.wanted import Wanted, wanted
from slurm_appliance.site_layer.layers import ImageLayer
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.image.fake_cloud import FakeCloud

FULL = {"base_image": "debian-12", "flavor": "m1.small"}
EXTRA = {"base_image": {"build": "full"}, "groups": ["dev"], "flavor": "m1.small", "extra_packages": ["htop"]}


def configured(**builds: dict[str, Any]) -> ClusterConfig:
    settings = smallest(image_builds=builds, cluster_image={"build": next(iter(builds))})
    return from_mapping(settings, "test", environment="test")


def want(config: ClusterConfig, cloud: FakeCloud, *names: str) -> dict[str, Wanted]:
    return {each.name: each for each in wanted(config, [ImageSource(build=name) for name in names], images(cloud))}


def images(cloud: FakeCloud) -> list[ImageFacts]:
    return [image_facts(body) for body in cloud.images.values()]


def test_a_build_that_does_not_exist_yet_has_a_name_and_no_id() -> None:
    cloud = FakeCloud()
    found = want(configured(full=FULL), cloud, "full")["full"]
    assert found.image_id is None
    assert found.image_name.startswith("slurm-")
    base = next(image for image in cloud.images.values() if image["name"] == "debian-12")
    assert found.build.base == base["id"]
    assert found.build.groups == ("control", "login", "compute")


def test_one_that_exists_is_known_and_of_several_the_newest() -> None:
    cloud = FakeCloud()
    config = configured(full=FULL)
    name = want(config, cloud, "full")["full"].image_name
    cloud.add_image(name, tags=(IMAGE_TAG,))
    cloud.now = cloud.now.replace(hour=14)
    newest = cloud.add_image(name, tags=(IMAGE_TAG,))
    cloud.add_image(name, tags=(IMAGE_TAG,), status="saving")
    cloud.add_image(name)
    assert want(config, cloud, "full")["full"].image_id == newest["id"]
    assert want(configured(full={**FULL, "force": True}), cloud, "full")["full"].image_id is None


def test_an_extra_build_comes_after_its_base_and_knows_it_by_name() -> None:
    cloud = FakeCloud()
    found = wanted(
        configured(extra=EXTRA, full=FULL), [ImageSource(build="extra"), ImageSource(build="full")], images(cloud)
    )
    assert [each.name for each in found] == ["full", "extra"]
    full, extra = found
    assert (full.base_build, extra.base_build) == ("", "full")
    assert extra.build.base == full.image_name
    assert extra.build.all_groups == ("dev", "extra_packages")


def test_only_builds_that_something_refers_to_are_wanted() -> None:
    config = configured(full=FULL, other={**FULL, "base_image": "no-such-image"})
    assert set(want(config, FakeCloud(), "full")) == {"full"}
    assert wanted(config, [ImageSource(name="debian-12")], images(FakeCloud())) == []


def test_mistakes_are_named() -> None:
    with pytest.raises(UsageError, match=r"\bbuild nothing\b"):
        want(configured(full=FULL), FakeCloud(), "nothing")
    with pytest.raises(ImageError, match="debian-99"):
        want(configured(full={**FULL, "base_image": "debian-99"}), FakeCloud(), "full")


def test_a_proxy_is_used_and_changes_no_name() -> None:
    known, sources = images(FakeCloud()), [ImageSource(build="full")]
    (before,) = wanted(configured(full=FULL), sources, known)
    (after,) = wanted(configured(full=FULL), sources, known, "http://proxy:3128")
    assert after.build.sources.proxy == "http://proxy:3128"
    assert after.image_name == before.image_name


def test_the_configurations_proxy_goes_before_the_environments_and_changes_no_name() -> None:
    known, sources = images(FakeCloud()), [ImageSource(build="full")]
    settings = {"http": "http://site:3128", "no_proxy": [".example.org"], "username": "me", "password": "pa:ss"}
    config = from_mapping(
        smallest(image_builds={"full": FULL}, cluster_image={"build": "full"}, proxy=settings), "test", environment="t"
    )
    (before,) = wanted(configured(full=FULL), sources, known)
    (after,) = wanted(config, sources, known, "http://proxy:3128")
    assert after.build.sources.proxy == after.build.sources.https_proxy == "http://me:pa%3Ass@site:3128"
    assert after.build.sources.no_proxy == (".example.org",)
    assert after.build.sources.secret
    assert not before.build.sources.secret
    assert after.image_name == before.image_name


def test_every_setting_reaches_the_build(tmp_path: Any) -> None:
    key = tmp_path / "key.asc"
    key.write_text("KEY")
    settings = {
        **FULL,
        "network": "build",
        "security_groups": ["ssh"],
        "floating_ip_network": "external",
        "availability_zone": "az",
        "volume_backed_instances": True,
        "root_volume_size": 12,
        "root_volume_type": "ssd",
        "ssh": {"user": "rocky", "port": 2222, "bastion_host": "gate.example.org", "bastion_user": "op"},
        "package_sources": {
            "mirror": "http://mirror.example.org/",
            "snapshot": "20261123T031500",
            "repositories": {
                "debian": {"url": "${mirror}/debian/${snapshot}", "suite": "bookworm", "gpg_key": str(key)}
            },
            "username": "u",
            "password": "correct-horse",
        },
        "image_name_prefix": "site",
        "visibility": "shared",
        "disk_format": "qcow2",
        "properties": {"hw_machine_type": "pc"},
        "keep_on_failure": True,
        "ssh_timeout": 60,
        "build_timeout": 600,
    }
    build = from_settings(configured(full=settings), "full", "base")
    ssh = Ssh("rocky", 2222, "gate.example.org", "op", "")
    assert build.machine == Machine("m1.small", "build", ("ssh",), "external", "az", 12, "ssd", ssh)
    assert build.sources.repositories == (
        PackageRepository("debian", "http://mirror.example.org/debian/20261123T031500", "bookworm", ("main",), "KEY"),
    )
    assert (build.sources.username, build.sources.password) == ("u", "correct-horse")
    assert (build.prefix, build.visibility, build.disk_format) == ("site", "shared", "qcow2")
    assert build.properties == {"hw_machine_type": "pc"}
    assert (build.keep_on_failure, build.ssh_timeout, build.build_timeout) == (True, 60, 600)


def test_without_a_volume_its_size_does_not_matter() -> None:
    assert from_settings(configured(full={**FULL, "root_volume_size": 12}), "full", "b").machine.volume_size == 0


def test_a_key_that_cannot_be_read_is_named() -> None:
    repositories = {"debian": {"url": "http://m/d", "suite": "x", "gpg_key": "/nowhere/key.asc"}}
    with pytest.raises(ApplianceError, match=r"/nowhere/key\.asc") as caught:
        from_settings(configured(full={**FULL, "package_sources": {"repositories": repositories}}), "full", "base")
    assert caught.value.where == "package_sources.repositories.debian.gpg_key"


def test_what_builds_use_of_the_sites_layer_is_in_the_build_and_in_the_name_of_what_starts_from_it() -> None:
    cloud = FakeCloud()
    config = configured(extra=EXTRA, full=FULL)
    sources, known = [ImageSource(build="extra")], images(cloud)
    before = wanted(config, sources, known)
    after = wanted(config, sources, known, layer=ImageLayer("demo", "1"))
    assert [each.build.layer for each in before] == [None, None]
    assert [each.build.layer for each in after] == [ImageLayer("demo", "1")] * 2
    assert not {each.image_name for each in before} & {each.image_name for each in after}
