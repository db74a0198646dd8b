"""Which builds of a stack take a newer snapshot, and how the stack file says it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import ClusterConfig, from_mapping, from_stack_text
from slurm_appliance.errors import ConfigError, UsageError
from slurm_appliance.update.snapshots import (
    refuse_unknown_snapshot,
    snapshot_now,
    updated_builds,
    with_snapshot,
)
from slurm_appliance.update.stack_change import changed
from tests.unit.slurm_appliance.config.examples import smallest

STAMP = "20261129T120000"
BASE: dict[str, Any] = {"base_image": "debian-13", "flavor": "m1.small"}
TOP: dict[str, Any] = {"base_image": {"build": "base"}, "flavor": "m1.small"}
OWN = {"package_sources": {"snapshot": "20260101T000000"}}
MIRROR = {
    "package_sources": {
        "mirror": "http://mirror.example.org",
        "snapshot": "20260101T000000",
        "repositories": {"debian": {"url": "${mirror}/debian/${snapshot}", "suite": "trixie"}},
    }
}


def configured(**changes: Any) -> ClusterConfig:
    return from_mapping(smallest(**changes), "test", environment="test")


@pytest.mark.parametrize(
    ("builds", "image", "expected"),
    [
        ({"base": BASE}, "base", ("base",)),
        ({"base": BASE, "unused": BASE}, "base", ("base",)),
        # What is built on top follows, because its base's name changes.
        ({"top": TOP, "base": BASE}, "top", ("base",)),
        ({"top": TOP | OWN, "base": BASE}, "top", ("base", "top")),
    ],
)
def test_the_builds_that_take_a_newer_snapshot(builds: dict[str, Any], image: str, expected: tuple[str, ...]) -> None:
    config = configured(image_builds=builds, cluster_image={"build": image})

    assert updated_builds(config) == expected


def test_a_group_with_an_image_of_its_own_is_updated_too() -> None:
    group = {"nodes": ["c-0"], "flavor": "small", "image": {"build": "own"}}
    config = configured(
        image_builds={"base": BASE, "own": BASE}, cluster_image={"build": "base"}, compute={"general": group}
    )

    assert updated_builds(config) == ("base", "own")


def test_a_stack_that_builds_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        updated_builds(configured())

    assert refused.value.where == "cluster_image"


@pytest.mark.parametrize(("more", "refused"), [({}, False), (OWN, False), (MIRROR, True)])
def test_a_snapshot_that_only_the_mirror_can_make_must_be_named(more: dict[str, Any], refused: bool) -> None:
    config = configured(image_builds={"base": BASE | more}, cluster_image={"build": "base"})

    if not refused:
        refuse_unknown_snapshot(config, ("base",))
        return
    with pytest.raises(ConfigError) as error:
        refuse_unknown_snapshot(config, ("base",))
    assert [problem.path for problem in error.value.problems] == ["image_builds.base.package_sources.snapshot"]


def test_a_mirror_of_this_machine_makes_the_snapshot() -> None:
    sources = MIRROR["package_sources"] | {"sync": True}
    config = configured(image_builds={"base": BASE | {"package_sources": sources}}, cluster_image={"build": "base"})

    refuse_unknown_snapshot(config, ("base",))


def test_the_stack_file_of_all_builds(tmp_path: Path) -> None:
    settings = smallest(image_builds={"base": BASE, "top": TOP | OWN}, cluster_image={"build": "top"})
    text = yaml.safe_dump({"config": {f"slurm-appliance:{key}": value for key, value in settings.items()}})
    path = tmp_path / "Pulumi.test.yaml"

    config = from_stack_text(with_snapshot(text, ("base", "top"), STAMP, str(path)), path)

    assert {build.package_sources.snapshot for build in config.image_builds.values()} == {STAMP}


def test_the_name_of_a_snapshot_is_a_time_in_utc() -> None:
    assert snapshot_now(datetime(2026, 11, 29, 12, 0, tzinfo=UTC)) == STAMP


def test_a_change_that_nobody_approves_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("before")
    path.chmod(0o664)

    def interrupted() -> None:
        with changed(path, "after"):
            assert path.read_text() == "after"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    with changed(path, "after") as change:
        change.keep()
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o664


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text("before")

    with changed(path, "after"):
        path.write_text("theirs")

    assert path.read_text() == "theirs"
