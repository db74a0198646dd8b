"""Where a site's stack files are."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from slurm_appliance.errors import UsageError
from slurm_appliance.site_repository.place import (
    OWN_STACKS,
    SITE_FILE,
    SITE_VARIABLE,
    STACKS_VARIABLE,
    found_above,
    how_to_begin,
    named_stacks,
    stacks_folder,
    unused_environments,
)
from toolchain.paths import REPOSITORY


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "stacks").mkdir(parents=True)
    (folder / SITE_FILE).write_text("version: 0.1.0\n")
    (folder / "environments/a/hooks").mkdir(parents=True)
    return folder


def test_it_is_found_from_the_working_folder_upwards(site: Path) -> None:
    assert found_above(site / "environments/a/hooks") == site
    assert found_above(site) == site
    assert found_above(site.parent) is None


def test_a_checkout_inside_a_site_repository_is_on_its_own(site: Path) -> None:
    product = site / "product"
    assert found_above(product / "docs", product) is None
    assert found_above(site / "stacks", product) == site


@pytest.mark.parametrize(
    ("variables", "working", "expected"),
    [
        ({}, "site/environments", "site/stacks"),
        ({}, ".", OWN_STACKS),
        ({SITE_VARIABLE: "site"}, ".", "site/stacks"),
        ({STACKS_VARIABLE: "other", SITE_VARIABLE: "site"}, "site", "other"),
    ],
)
def test_a_name_goes_before_the_working_folder(
    site: Path, variables: Mapping[str, str], working: str, expected: str | Path
) -> None:
    named = {name: str(site.parent / value) for name, value in variables.items()}
    assert stacks_folder(named, site.parent / working) == site.parent / expected


def test_the_two_options_name_one_folder(site: Path) -> None:
    assert named_stacks(None, None) is None
    assert named_stacks(site, None) == named_stacks(None, site / "stacks") == named_stacks(site, site / "stacks")
    with pytest.raises(UsageError):
        named_stacks(site, site.parent)


def test_a_folder_that_is_no_site_repository(site: Path) -> None:
    with pytest.raises(UsageError) as refused:
        named_stacks(site.parent, None)
    assert refused.value.where == str(site.parent)
    assert "init" in refused.value.remedy


def test_environments_without_a_stack_file(site: Path) -> None:
    (site / "environments/b").mkdir()
    (site / "environments/.cache").mkdir()
    (site / "stacks/Pulumi.b.yaml").touch()
    assert unused_environments(site / "stacks") == ["a"]


def test_the_first_stack_file_goes_beside_the_others(site: Path) -> None:
    assert str(site / "stacks") in how_to_begin(site / "stacks", "demo")


@pytest.mark.parametrize("by", ["option", "variable", "folder"])
def test_the_command_line_finds_it(site: Path, by: str) -> None:
    (site / "stacks/Pulumi.a.yaml").write_text("config:\n  slurm-appliance:cluster_name: 17\n")
    ended = subprocess.run(
        [
            sys.executable,
            str(REPOSITORY / "slurm_appliance/__main__.py"),
            *(["--site", str(site)] if by == "option" else []),
            *["config", "validate", "--stack", "a"],
        ],
        cwd=site / "environments" if by == "folder" else site.parent,
        env={**os.environ, **({SITE_VARIABLE: str(site)} if by == "variable" else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert str(site / "stacks/Pulumi.a.yaml") in ended.stdout + ended.stderr
