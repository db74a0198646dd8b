import json
import subprocess
import sys
from dataclasses import replace

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import UsageError
from slurm_appliance.image.content import image_name
from slurm_appliance.image.images import packed, unpacked
from slurm_appliance.image.record import parse_packages, parse_sources
from slurm_appliance.image.settings import from_settings
from slurm_appliance.image.spec import ImageBuild, Machine, PackageRepository, PackageSources, Ssh, from_json, to_json
from slurm_appliance.site_layer.layers import ImageLayer
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.paths import REPOSITORY

BUILD = ImageBuild(
    "debian-12",
    ("control", "dev"),
    Machine("m1", "net", ("default",), "ext", "az", 20, "ssd", Ssh("rocky", 2222, "bastion", "op", "/key")),
    ("htop",),
    PackageSources(
        (PackageRepository("main", "http://mirror/debian", "bookworm", ("main", "contrib"), "KEY"),),
        "1",
        "p",
        no_proxy=("mirror",),
    ),
    cacerts=("PEM",),
    properties={"hw_machine_type": "pc"},
)


@pytest.mark.parametrize(
    "build",
    [
        BUILD,
        replace(BUILD, machine=Machine("m1", "net"), sources=PackageSources()),
        replace(BUILD, layer=ImageLayer("demo", "d1gest")),
    ],
)
def test_a_build_survives_its_way_through_json(build: ImageBuild) -> None:
    assert from_json(to_json(build)) == build


def test_a_build_that_an_earlier_release_described_has_no_layer() -> None:
    before = {key: value for key, value in json.loads(to_json(BUILD)).items() if key != "layer"}
    assert from_json(json.dumps(before)) == BUILD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"machine": 5}', to_json(BUILD).replace("flavor", "flavour")])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="standard input"):
        from_json(text)


def test_passwords_are_not_shown() -> None:
    sources = PackageSources(password="s3cret", proxy="http://me:s3cret@p", https_proxy="http://me:s3cret@p")
    assert "s3cret" not in repr(replace(BUILD, sources=sources))


@pytest.mark.parametrize(
    ("exception", "direct"),
    [
        ("mirror.example.org", ["mirror.example.org"]),
        (".example.org", ["mirror.example.org"]),
        ("10.1.0.0/16", ["10.1.2.3"]),
        ("10.1.2.3", ["10.1.2.3"]),
        ("other", ["other"]),
        ("fd00::/8", []),
        (".org.example", []),
    ],
)
def test_hosts_without_the_proxy(exception: str, direct: list[str]) -> None:
    urls = ("http://Mirror.example.org:8080/x", "https://10.1.2.3/y")
    repositories = tuple(PackageRepository(str(number), url) for number, url in enumerate(urls))
    assert PackageSources(repositories, no_proxy=(exception,)).direct == direct


def test_properties_come_from_defaults_format_user_and_site() -> None:
    assert BUILD.all_properties == {
        "hw_architecture": "x86_64",
        "hw_disk_bus": "scsi",
        "hw_firmware_type": "uefi",
        "hw_machine_type": "pc",
        "hw_scsi_model": "virtio-scsi",
        "hw_vif_multiqueue_enabled": "true",
        "os_admin_user": "rocky",
        "os_type": "linux",
    }
    assert replace(BUILD, disk_format="qcow2").all_properties["hw_disk_bus"] == "virtio"


def test_extra_packages_are_a_group_of_their_own() -> None:
    assert BUILD.all_groups == ("control", "dev", "extra_packages")
    assert replace(BUILD, extra_packages=()).all_groups == ("control", "dev")


def test_groups_of_the_site_follow_and_are_part_of_the_name() -> None:
    build = replace(BUILD, site_groups=("gpu", "cad"))
    assert build.all_groups == (*BUILD.all_groups, "cad", "gpu")
    assert image_name(build, "base") == image_name(replace(build, site_groups=("cad", "gpu")), "base")
    assert image_name(build, "base") != image_name(BUILD, "base")
    assert from_json(to_json(build)) == build


def test_groups_of_the_site_need_a_hook_that_uses_them() -> None:
    builds = {"fat": {"base_image": "x", "flavor": "m1.medium", "site_groups": ["gpu"]}}
    config = from_mapping(smallest() | {"image_builds": builds}, "test")
    assert from_settings(config, "fat", "base", layer=ImageLayer("demo", "0")).site_groups == ("gpu",)
    with pytest.raises(UsageError) as refused:
        from_settings(config, "fat", "base")
    assert refused.value.where == "image_builds.fat.site_groups"


def test_an_unknown_group_or_format_is_refused() -> None:
    with pytest.raises(UsageError, match="gpu"):
        replace(BUILD, groups=("gpu",))
    with pytest.raises(UsageError, match="vmdk"):
        replace(BUILD, disk_format="vmdk")


def test_a_list_of_packages_fits_a_property_and_comes_back() -> None:
    text = "\n".join(f"package-{number} {number}.{number % 7}-1+deb12u{number % 5}" for number in range(800))
    assert len(packed(text)) < 12_000
    assert unpacked(packed(text)) == text


@pytest.mark.parametrize("text", ["", "no base64!", packed("".join(map(str, range(5000))))[:255], "AAAA"])
def test_a_cut_property_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(text)


def test_packages_in_several_versions_keep_all() -> None:
    assert parse_packages("kernel 5\nslurm 22\nkernel 6\n\n") == {"kernel": "5 6", "slurm": "22"}


def test_the_process_refuses_nonsense_with_a_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "slurm_appliance.image_build"],
        input="{}",
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "standard input: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_json_is_stable() -> None:
    assert to_json(BUILD) == json.dumps(json.loads(to_json(BUILD)), sort_keys=True)


def test_a_distribution_without_source_packages_has_an_empty_list() -> None:
    assert parse_sources("\n") == {}
