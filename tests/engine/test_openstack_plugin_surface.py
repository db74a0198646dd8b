"""The OpenStack plugin serves what the installed Python package asks for: names, shapes, needs, secrets, settings."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.toolchain import openstack_package
from toolchain import build
from toolchain.pieces import Piece

Property = Mapping[str, Any]


@pytest.fixture(scope="module")
def served() -> Mapping[str, Any]:
    """What the plugin that is built here says about itself; a released one cannot be asked, and needs not be."""
    plugin = build.build(Piece.OPENSTACK, "its own description is compared")
    return dict(json.loads(subprocess.run([plugin, "describe"], check=True, capture_output=True).stdout))


def shape(served: Property) -> str:
    """A served property in the notation of openstack_package."""
    match served["type"]:
        case "object":
            return openstack_package.show({name: shape(inner) for name, inner in served["properties"].items()})
        case "list" | "map" as kind:
            return f"{kind}[{shape(served['element'])}]"
        case "string":
            return "str"
        case plain:
            return str(plain)


def names(properties: Mapping[str, Property], trait: str) -> set[str]:
    return {name for name, served in properties.items() if served[trait]}


def test_properties_of_resources_have_the_same_names_and_shapes(served: Mapping[str, Any]) -> None:
    package = openstack_package.resources()
    assert len(served["resources"]) > 100
    for token, properties in served["resources"].items():
        ours = {name: shape(value) for name, value in properties.items()}
        assert ours == openstack_package.properties(package[token]), token


def test_the_same_inputs_are_taken_and_needed(served: Mapping[str, Any]) -> None:
    package = openstack_package.resources()
    for token, properties in served["resources"].items():
        ours = names(properties, "input"), names(properties, "required")
        assert ours == openstack_package.inputs(package[token]), token


def test_the_same_outputs_are_secret(served: Mapping[str, Any]) -> None:
    package = openstack_package.resources()
    for token, properties in served["resources"].items():
        assert names(properties, "secret") == openstack_package.secrets(package[token]), token


def test_functions_take_and_return_the_same(served: Mapping[str, Any]) -> None:
    package = openstack_package.functions()
    assert len(served["functions"]) > 50
    for token, properties in served["functions"].items():
        assert names(properties, "input") == openstack_package.arguments(package[token]), token
        ours = {name: shape(value) for name, value in properties.items()}
        # The bridge adds an id to every result.
        assert {"id": "str"} | ours == openstack_package.results(package[token]), token


def test_the_provider_has_the_same_settings_from_the_same_variables(served: Mapping[str, Any]) -> None:
    settings, variables = openstack_package.settings()
    assert served["config"].keys() == settings
    assert {name: value["variables"] for name, value in served["config"].items() if value.get("variables")} == variables
