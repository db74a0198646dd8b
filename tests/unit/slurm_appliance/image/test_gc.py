"""Which images may go, and who keeps the others."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from slurm_appliance import cli
from slurm_appliance.cloud.image_names import IMAGE_TAG, PROPERTY
from slurm_appliance.commands import image_gc as command
from slurm_appliance.errors import ExitStatus
from slurm_appliance.image import collect, gc
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.diff import ImageDifference, difference
from slurm_appliance.image.errors import BuildError, ImageError
from slurm_appliance.image.gc import Reference, judge
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.record import ImageRecord
from tests.unit.slurm_appliance.image.conftest import FAT, Site
from tests.unit.slurm_appliance.image.fake_cloud import FakeCloud, Killed

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def image(number: int, name: str = "", base: str = "") -> GlanceImage:
    return GlanceImage(
        f"id-{number}",
        name or f"slurm-{number}",
        "active",
        NOON + timedelta(minutes=number),
        frozenset({IMAGE_TAG}),
        1,
        {PROPERTY + "base_id": base},
    )


def users(images: list[GlanceImage], *references: Reference) -> dict[str, tuple[str, ...]]:
    return {verdict.image.id: verdict.users for verdict in judge(images, references)}


def test_an_image_that_nobody_refers_to_has_no_users() -> None:
    assert users([image(1), image(2)], Reference("server a", "id-2"), Reference("server b", "gone")) == {
        "id-1": (),
        "id-2": ("server a",),
    }


def test_everybody_who_refers_to_it_is_named() -> None:
    found = users([image(1)], Reference("server a", "id-1"), Reference("the state of stack x", "id-1"))
    assert found == {"id-1": ("server a", "the state of stack x")}


def test_a_name_stands_for_the_newest_image_of_it() -> None:
    found = users([image(1, "slurm-x"), image(2, "slurm-x")], Reference("the configuration y", "slurm-x"))
    assert found == {"id-1": (), "id-2": ("the configuration y",)}


def test_the_base_of_a_used_image_stays_and_so_does_its_base() -> None:
    found = users(
        [image(1), image(2, base="id-1"), image(3, base="id-2"), image(4, base="id-1")], Reference("s", "id-3")
    )
    assert found == {
        "id-1": ("image slurm-2, which is based on it",),
        "id-2": ("image slurm-3, which is based on it",),
        "id-3": ("s",),
        "id-4": (),
    }


def test_servers_volumes_states_and_files_are_looked_at(tmp_path: Path) -> None:
    cloud = FakeCloud()
    ids = {}
    for name in ("server", "volume", "state", "file", "nobody"):
        made = cloud.add_image(f"slurm-{name}", tags=(IMAGE_TAG,))
        ids[name] = str(made["id"])
    cloud.add_image("not-ours")
    cloud.servers["1"] = {"id": "1", "name": "login-0", "image": {"id": ids["server"]}}
    cloud.servers["2"] = {"id": "2", "name": "on-volume", "image": ""}
    cloud.volumes["1"] = {
        "name": "",
        "id": "v1",
        "status": "in-use",
        "volume_image_metadata": {"image_id": ids["volume"]},
    }
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(f"cluster_image: {ids['file']}\n")
    said: list[str] = []
    verdicts = collect.verdicts(cloud, {"prod": f'{{"image": "{ids["state"]}"}}'}, {"Pulumi.x.yaml": file}, said.append)
    assert {each.image.name: each.users for each in verdicts} == {
        "slurm-server": ("server login-0",),
        "slurm-volume": ("volume v1",),
        "slurm-state": ("the state of stack prod",),
        "slurm-file": ("the configuration Pulumi.x.yaml",),
        "slurm-nobody": (),
    }
    assert "Pulumi.x.yaml: " in said[0]


def test_only_our_images_are_judged() -> None:
    cloud = FakeCloud()
    cloud.add_image("slurm-fake")
    assert gc.ours(cloud) == []


def test_dead_builds_are_removed_and_kept_ones_only_when_asked(site: Site) -> None:
    def die() -> None:
        raise Killed

    def fail() -> None:
        raise BuildError("a task failed")

    site.in_server = fail
    with pytest.raises(BuildError):
        site.ensure(type(FAT)(**{**FAT.__dict__, "keep_on_failure": True}))
    site.in_server = die
    with pytest.raises(Killed):
        site.ensure()
    assert len(site.cloud.servers) == 2
    said: list[str] = []
    collect.remove_dead_builds(site.cloud, site.build_folder, kept=False, say=said.append)
    assert len(site.cloud.servers) == 1
    assert any("--kept-builds removes it" in line for line in said)
    assert len([*site.build_folder.folder.glob("*/ssh")]) == 1, "the key to the kept server"
    collect.remove_dead_builds(site.cloud, site.build_folder, kept=True, say=said.append)
    assert site.cloud.leftovers == []
    assert not [*site.build_folder.folder.glob("*/ssh")]


def test_a_live_build_is_left_alone(tmp_path: Path, ansible: Path) -> None:
    site = Site(FakeCloud(), BuildFolder(tmp_path / "here"), ansible)
    said: list[str] = []
    site.in_server = lambda: collect.remove_dead_builds(site.cloud, site.build_folder, kept=True, say=said.append)
    assert site.ensure().built
    assert said == [line for line in said if line.startswith("keep the resources of the build ")]
    assert len(said) == 1


def test_differences_are_sorted_and_of_three_kinds() -> None:
    before = ImageRecord({"os": "Debian 12", "slurm": "22"}, {"a": "1", "b": "1", "c": "1"})
    after = ImageRecord({"os": "Debian 12", "slurm": "23"}, {"b": "2", "c": "1", "d": "1"})
    found = difference(before, after)
    assert found.facts == (ImageDifference("slurm", "22", "23"),)
    assert [(each.name, each.kind) for each in found.packages] == [("a", "removed"), ("b", "changed"), ("d", "added")]


def test_a_record_travels_with_its_image(site: Site) -> None:
    made = site.cloud.images[site.ensure().image_id]
    record = ImageRecord.of_image(GlanceImage.of(made))
    assert record.packages == {"slurmd": "22.05", "munge": "0.5"}
    assert record.facts["groups"] == "control login compute"


def test_an_image_without_a_record_is_an_error() -> None:
    with pytest.raises(ImageError, match="id-1"):
        ImageRecord.of_image(image(1))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with no stack, and a cloud with one of our images that nothing references."""
    cloud = FakeCloud()
    cloud.add_image("slurm-nobodys", tags=(IMAGE_TAG,))
    (tmp_path / "stacks").mkdir()
    monkeypatch.setattr(command, "image_api", lambda _cloud: cloud)
    monkeypatch.setattr("slurm_appliance.site_repository.current.STACKS", tmp_path / "stacks")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def collected(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["image", "gc", "--without-states", *arguments])


@pytest.mark.usefixtures("checkout")
def test_a_dry_run_removes_nothing_and_is_readable_for_programs() -> None:
    for _ in range(2):
        (row,) = json.loads(collected("--dry-run", "--output", "json").stdout)
        assert (row["name"], row["remove"], row["used_by"]) == ("slurm-nobodys", True, [])
    assert collected("--output", "json").exit_code == ExitStatus.USAGE, "nobody is asked"
    assert collected("--yes").exit_code == 0
    assert json.loads(collected("--dry-run", "--output", "json").stdout) == []


@pytest.mark.usefixtures("checkout")
def test_images_may_be_kept_for_a_while() -> None:
    (row,) = json.loads(collected("--dry-run", "--output", "json", "--older-than", "14d").stdout)
    assert not row["remove"]
    assert row["used_by"][0].startswith("its age")
    (row,) = json.loads(collected("--dry-run", "--output", "json", "--older-than", "0s").stdout)
    assert row["remove"]
    assert collected("--dry-run", "--older-than", "soon").exit_code == ExitStatus.USAGE


def test_nothing_is_removed_while_a_stack_file_cannot_be_read(checkout: Path) -> None:
    broken = checkout / "stacks" / "Pulumi.broken.yaml"
    broken.write_text("config: {}\n")
    refused = collected("--yes")
    assert refused.exit_code == ExitStatus.ERROR
    assert "Pulumi.broken.yaml" in refused.output
    broken.unlink()
    assert len(json.loads(collected("--dry-run", "--output", "json").stdout)) == 1
