"""The command plugin takes and returns what the installed Python package knows."""

import inspect
import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from pulumi._types import input_type_py_to_pulumi_names, resource_types
from pulumi_command import local

from toolchain.ensure import Toolchain
from toolchain.pieces import Piece


@pytest.fixture(scope="module")
def schema(toolchain_with_our_plugins: Toolchain) -> Mapping[str, Any]:
    (plugin,) = (
        provision.path for provision in toolchain_with_our_plugins.provisions if provision.piece is Piece.COMMAND
    )
    command = ["pulumi", "package", "get-schema", str(plugin)]
    environment = {**os.environ, **toolchain_with_our_plugins.variables()}
    return dict(json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout))


def test_the_resource_takes_and_returns_the_same(schema: Mapping[str, Any]) -> None:
    served = schema["resources"]["command:local:Command"]
    assert served["inputProperties"].keys() == set(input_type_py_to_pulumi_names(local.CommandArgs).values())
    assert served["properties"].keys() == resource_types(local.Command).keys()
    assert served.get("requiredInputs", []) == []


def test_only_changed_triggers_replace(schema: Mapping[str, Any]) -> None:
    inputs = schema["resources"]["command:local:Command"]["inputProperties"]
    assert [name for name, value in inputs.items() if value.get("replaceOnChanges")] == ["triggers"]


def test_the_function_takes_and_returns_the_same(schema: Mapping[str, Any]) -> None:
    served = schema["functions"]["command:local:run"]
    assert served["inputs"]["properties"].keys() == set(
        re.findall(r"__args__\['(\w+)'\]", inspect.getsource(local.run))
    )
    assert served["inputs"]["required"] == ["command"]
    assert served["outputs"]["properties"].keys() == resource_types(local.RunResult).keys()


def test_logging_has_the_same_values(schema: Mapping[str, Any]) -> None:
    served = schema["types"]["command:local:Logging"]["enum"]
    assert {choice["value"] for choice in served} == {choice.value for choice in local.Logging}
