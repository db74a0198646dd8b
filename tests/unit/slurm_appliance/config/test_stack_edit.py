"""One value of a stack file is set; nothing else of the file changes."""

import difflib

import pytest

from slurm_appliance.config.stack_edit import with_value
from slurm_appliance.config.stack_file import parse
from slurm_appliance.errors import UsageError

PATH = ("slurm-appliance:image_builds", "fat", "package_sources", "snapshot")
STAMP = "20261129T031500"

FILES = {
    "block": """\
config:
  slurm-appliance:image_builds:
    fat:  # the image of all nodes
      package_sources:
        mirror: http://mirror.example.org  # ours
        snapshot: 20260101T000000  # of the new year
      flavor: m1.small
  rotation:munge_key: 3
""",
    "quoted": """\
config:
  slurm-appliance:image_builds: { fat: { flavor: m1.small, package_sources: { snapshot: "20260101T000000" } } }
""",
    "no snapshot": """\
# The production cluster.
config:
  slurm-appliance:image_builds:
    fat:
      package_sources:
        # The mirror of the site.
        mirror: http://mirror.example.org
      flavor: m1.small
""",
    "no package_sources": """\
config:
  slurm-appliance:image_builds:
      fat:
          flavor: m1.small
      other:
          flavor: m1.small
""",
    "flow without sources": """\
config:
  slurm-appliance:image_builds: {fat: {flavor: m1.small}, other: {flavor: m1.small}}
""",
    "empty sources": """\
config:
  slurm-appliance:image_builds:
    fat:
      package_sources: {}
      flavor: m1.small
""",
}


@pytest.mark.parametrize("name", FILES)
def test_a_value_is_set_and_nothing_else_changes(name: str) -> None:
    before = FILES[name]

    after = with_value(before, PATH, STAMP, "stack")

    found, problems = parse(after, "stack")
    sources = found[PATH[0]]["fat"]["package_sources"]
    assert sources.pop("snapshot") == STAMP
    was, _ = parse(before, "stack")
    assert not problems
    kept = was[PATH[0]]["fat"].get("package_sources", {})
    kept.pop("snapshot", None)
    assert sources == kept
    lines = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert all("snapshot" in line or "package_sources" in line or "{" in line for line in lines), lines
    assert before.count("#") == after.count("#")


@pytest.mark.parametrize("name", FILES)
def test_setting_a_value_twice_changes_nothing(name: str) -> None:
    once = with_value(FILES[name], PATH, STAMP, "stack")

    assert with_value(once, PATH, STAMP, "stack") == once


def test_a_number_stays_a_number() -> None:
    text = with_value(FILES["block"], ("rotation:munge_key",), 4, "stack")

    assert parse(text, "stack")[0]["rotation:munge_key"] == 4


def test_a_top_level_setting_is_added() -> None:
    text = with_value(FILES["block"], ("rotation:monitoring_password",), 1, "stack")

    assert parse(text, "stack")[0]["rotation:monitoring_password"] == 1


def test_a_value_that_others_share_is_not_changed() -> None:
    shared = """\
config:
  slurm-appliance:image_builds:
    fat:
      package_sources: &sources { snapshot: 20260101T000000 }
    other:
      package_sources: *sources
"""
    with pytest.raises(UsageError, match="snapshot"):
        with_value(shared, PATH, STAMP, "stack")
