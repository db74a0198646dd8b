"""What makes a piece be built again, and what does not."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from toolchain import build
from toolchain.pieces import Piece

RECIPES = build._RECIPES


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A copy of the plugins' module that a test may change."""
    return Path(shutil.copytree(RECIPES[Piece.COMMAND].module, tmp_path / "plugins"))


def digests(module: Path) -> dict[Piece, str]:
    build.digest.cache_clear()
    return {piece: build.digest(replace(RECIPES[piece], module=module)) for piece in (Piece.OPENSTACK, Piece.COMMAND)}


def test_another_checkout_of_the_same_sources_needs_no_build(plugins: Path) -> None:
    assert digests(plugins) == digests(RECIPES[Piece.COMMAND].module)


def test_a_changed_source_rebuilds_its_own_plugin_only(plugins: Path) -> None:
    before = digests(plugins)
    with (plugins / "cmd/pulumi-resource-command/local/run.go").open("a") as source:
        source.write("// changed\n")
    after = digests(plugins)
    assert after[Piece.COMMAND] != before[Piece.COMMAND]
    assert after[Piece.OPENSTACK] == before[Piece.OPENSTACK]


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_changed_module_file_rebuilds_both(plugins: Path, name: str) -> None:
    before = digests(plugins)
    with (plugins / name).open("a") as file:
        file.write("\n")
    after = digests(plugins)
    assert all(after[piece] != before[piece] for piece in before)


def test_a_changed_token_table_rebuilds_its_plugin(plugins: Path) -> None:
    before = digests(plugins)
    (plugins / "cmd/pulumi-resource-openstack/tokens.json").write_text("{}")
    assert digests(plugins)[Piece.OPENSTACK] != before[Piece.OPENSTACK]


def test_changed_flags_rebuild(plugins: Path) -> None:
    recipe = replace(RECIPES[Piece.COMMAND], module=plugins)
    assert build.digest(recipe) != build.digest(replace(recipe, linker="-s"))
