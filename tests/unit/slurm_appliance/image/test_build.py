"""Builds against a cloud in memory: what is made, what is left, and what a second run does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image.content import image_name
from slurm_appliance.image.errors import BuildError, CloudApiError, ImageError, StoppedError
from slurm_appliance.image.images import unpacked
from slurm_appliance.image.spec import ImageBuild, PackageSources, Ssh
from slurm_appliance.image.stop import Deadline
from tests.unit.slurm_appliance.image.conftest import FAT, KINDS, Site, base_id


@KINDS
def test_a_build_makes_one_finished_image_and_leaves_nothing(site: Site, build: ImageBuild) -> None:
    outcome = site.ensure(build)
    assert outcome.built
    assert outcome.reason == "no image has this content yet"
    assert site.cloud.leftovers == []
    image = site.cloud.images[outcome.image_id]
    assert image["name"] == outcome.name == image_name(build, base_id(site), site.ansible)
    assert image["status"] == "active"
    assert image["tags"] == [IMAGE_TAG]
    assert image["hw_machine_type"] == "q35"
    assert image["os_admin_user"] == "debian"
    assert image["slurm_appliance_groups"] == "control login compute"
    assert image["slurm_appliance_base_id"] == base_id(site)
    assert unpacked(image["slurm_appliance_packages"]) == "munge 0.5\nslurmd 22.05"
    assert unpacked(image["slurm_appliance_sources"]) == "slurmd slurm-wlm 22.05"
    assert unpacked(image["slurm_appliance_accounts"]).splitlines()[:2] == ["user debian 1000", "user root 0"]
    assert set(outcome.seconds) == {
        "server", "ssh", "playbook", "playbook: prepare", "shut down", "image", "remove"
    }  # fmt: skip
    assert Path(outcome.log).parent.is_dir()
    left = sorted(each.name for each in Path(outcome.log).parent.iterdir())
    assert left == ["accounts.txt", "image.json", "lock", "packages.txt", "sources.txt"]


def test_the_server_is_told_to_leave_itself_alone_and_gets_its_keys(site: Site) -> None:
    seen: list[dict[str, object]] = []
    site.in_server = lambda: seen.extend(dict(server) for server in site.cloud.servers.values())
    site.ensure()
    assert len(seen) == 1
    metadata = seen[0]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["ansible_init_disable"] == "true"
    assert seen[0]["imageRef"] == base_id(site)
    assert "key_name" not in seen[0]
    assert site.variables[0]["image_record_commit"] == "c0ffee"
    assert site.variables[0]["package_sources_keep_distribution"] is True


def test_the_mirror_is_brought_up_to_date_before_anything_is_created(site: Site) -> None:
    asked: list[str] = []

    def refresh(snapshot: str, _log: Path, _deadline: Deadline, _say: Callable[[str], None]) -> None:
        assert site.cloud.servers == {}
        asked.append(snapshot)

    site.refresh_mirror = refresh
    pinned = replace(FAT, sources=PackageSources(snapshot="20261123", sync=True))
    assert site.ensure(pinned).built
    assert not site.ensure(pinned).built
    assert asked == ["20261123"], "once: the second run builds nothing"


@KINDS
def test_a_second_run_builds_nothing(site: Site, build: ImageBuild) -> None:
    first = site.ensure(build)
    before = len(site.cloud.requests)
    second = site.ensure(build)
    assert (second.image_id, second.name, second.built) == (first.image_id, first.name, False)
    assert all(request.startswith("GET ") for request in site.cloud.requests[before:])


def test_force_builds_anew_and_the_new_one_is_used(site: Site) -> None:
    first = site.ensure()
    second = site.ensure(force=True)
    assert second.built
    assert second.reason == "a new build was requested although the image exists"
    assert second.name == first.name
    assert site.ensure().image_id == second.image_id != first.image_id


def test_a_changed_role_asks_for_a_new_image(site: Site) -> None:
    first = site.ensure()
    (site.ansible / "roles" / "base" / "tasks" / "install.yml").write_text("---\n- name: More\n")
    second = site.ensure()
    assert second.built
    assert second.name != first.name


def test_an_extra_build_starts_from_ours_by_name(site: Site) -> None:
    fat = site.ensure()
    extra = site.ensure(replace(FAT, base=fat.name, groups=("dev",)))
    image = site.cloud.images[extra.image_id]
    assert image["slurm_appliance_base"] == ""  # The fake playbook's record is short; the id is ours.
    assert image["slurm_appliance_base_id"] == fat.image_id
    assert image["slurm_appliance_groups"] == "dev"
    assert site.variables[1]["image_record_base"] == fat.name


def test_properties_of_the_base_image_that_would_lie_are_replaced_or_dropped(site: Site) -> None:
    site.cloud.images[base_id(site)].update(signature_verified="True", slurm_appliance_digest="old")
    image = site.cloud.images[site.ensure().image_id]
    assert "signature_verified" not in image
    assert image["slurm_appliance_digest"] != "old"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"base": "debian-99"}, "image debian-99"),
        ({"machine": replace(FAT.machine, network="nowhere")}, r"network\b.*\bnowhere\b"),
        ({"machine": replace(FAT.machine, flavor="huge")}, r"flavor\b.*\bhuge\b"),
        ({"machine": replace(FAT.machine, security_groups=("x",))}, r"security group\b.*\bx\b"),
        ({"machine": replace(FAT.machine, floating_ip_network="x")}, r"network\b.*\bx\b"),
    ],
)
def test_a_reference_to_nothing_is_named_and_nothing_is_left(site: Site, change: dict[str, object], says: str) -> None:
    with pytest.raises(ImageError, match=says):
        site.ensure(replace(FAT, **change))  # type: ignore[arg-type]
    assert site.cloud.leftovers == []


def test_two_base_images_of_one_name_are_refused(site: Site) -> None:
    site.cloud.add_image("debian-12")
    with pytest.raises(ImageError, match=r"\b2 images\b.*\bdebian-12\b") as caught:
        site.ensure()
    assert base_id(site) in caught.value.remedy


def test_a_base_image_that_is_not_active_is_refused(site: Site) -> None:
    site.cloud.images[base_id(site)]["status"] = "queued"
    with pytest.raises(ImageError, match=r"\bdebian-12\b.*\bqueued\b"):
        site.ensure()


def test_a_users_snapshot_of_our_image_is_not_ours(site: Site) -> None:
    """It inherits every property, and a name can be copied; a tag cannot be inherited."""
    outcome = site.ensure()
    original = site.cloud.images[outcome.image_id]
    snapshot = {key: value for key, value in original.items() if key not in {"id", "tags", "name"}}
    site.cloud.now += timedelta(hours=1)
    site.cloud.add_image(outcome.name, **snapshot)
    assert site.ensure().image_id == outcome.image_id


def test_a_password_is_in_the_variables_and_nowhere_else(site: Site) -> None:
    sources = PackageSources(username="u", password="s3cret-of-the-mirror")
    site.ensure(replace(FAT, sources=sources, machine=replace(FAT.machine, ssh=Ssh(user="rocky"))))
    assert site.variables[0]["package_sources_password"] == "s3cret-of-the-mirror"
    assert not any("s3cret" in request for request in site.cloud.requests)
    assert not any("s3cret" in line for line in site.lines)
    assert not any(b"s3cret" in path.read_bytes() for path in site.build_folder.folder.rglob("*") if path.is_file())


def test_errors_are_appliance_errors() -> None:
    for kind in (BuildError, CloudApiError, ImageError, StoppedError):
        assert issubclass(kind, ApplianceError)
