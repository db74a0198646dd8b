"""What the installed ``pulumi_openstack`` can ask of the OpenStack plugin, read from its classes and functions.

Shapes are written as a program sees them: ``str``, ``list[int]``, ``map[str]``, ``{a: str, b: list[str]}``.
"""

import importlib
import inspect
import pkgutil
import re
import sys
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

import pulumi
from pulumi._types import (  # Private, but the SDK's own reading of the package, and its version is pinned.
    input_type_py_to_pulumi_names,
    output_type_types,
    resource_types,
    unwrap_type,
)

_TOKEN = re.compile(r"'(openstack:[^']+)'")


def resources() -> dict[str, type[pulumi.CustomResource]]:
    """Resource classes by token."""
    return {
        found[1]: value
        for module in _modules()
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, pulumi.CustomResource)
        and value.__module__ == module.__name__
        and (found := _TOKEN.search(_constructor(value)))
    }


def functions() -> dict[str, Callable[..., object]]:
    """Functions by token, without their variants for outputs."""
    return {
        found[1]: value
        for module in _modules()
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.endswith("_output")
        and (found := _TOKEN.search(inspect.getsource(value)))
    }


def settings() -> tuple[set[str], dict[str, list[str]]]:
    """The provider's settings, and those that it takes from environment variables."""
    provider = sys.modules["pulumi_openstack"].Provider
    arguments = sys.modules["pulumi_openstack"].ProviderArgs
    names = input_type_py_to_pulumi_names(arguments)
    taken = re.findall(r"(\w+) = _utilities\.get_env\w*\(([^)]*)\)", _constructor(provider))
    return set(names.values()), {names[name]: re.findall(r"'(\w+)'", variables) for name, variables in taken}


def properties(resource: type[pulumi.CustomResource]) -> dict[str, str]:
    """The shapes of a resource's properties, inputs included."""
    return {name: shape(kind) for name, kind in resource_types(resource).items()}


def inputs(resource: type[pulumi.CustomResource]) -> tuple[set[str], set[str]]:
    """The names of a resource's inputs, and of those that must be given."""
    arguments = vars(sys.modules[resource.__module__])[f"{resource.__name__}Args"]
    names = input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.values()
    needed = {names[p.name] for p in parameters if p.name in names and p.default is inspect.Parameter.empty}
    return set(names.values()), needed


def secrets(resource: type[pulumi.CustomResource]) -> set[str]:
    """The outputs that are always secret."""
    found = re.search(r"additional_secret_outputs=\[([^]]*)\]", _constructor(resource))
    return set(re.findall(r'"(\w+)"', found[1])) if found else set()


def arguments(function: Callable[..., object]) -> set[str]:
    """The names of a function's arguments."""
    return set(re.findall(r"__args__\['(\w+)'\]", inspect.getsource(function)))


def results(function: Callable[..., object]) -> dict[str, str]:
    """The shapes of a function's results."""
    (kind,) = (
        value
        for name, value in vars(sys.modules[function.__module__]).items()
        if name.endswith("Result") and not name.startswith("Awaitable") and value.__module__ == function.__module__
    )
    return {name: shape(kind) for name, kind in output_type_types(kind).items()}


def shape(annotation: typing.Any) -> str:
    """A type annotation in our notation."""
    kind = unwrap_type(annotation)
    parts = typing.get_args(kind)
    match typing.get_origin(kind):
        case None if kind in (str, int, bool, float):
            return str(kind.__name__)
        case None:
            return show({name: shape(inner) for name, inner in output_type_types(kind).items()})
        case origin if issubclass(origin, Mapping):
            return f"map[{shape(parts[1])}]"
        case _:
            return f"list[{shape(parts[0])}]"


def show(fields: Mapping[str, str]) -> str:
    """An object's fields in our notation."""
    return "{" + ", ".join(f"{name}: {kind}" for name, kind in sorted(fields.items())) + "}"


def _constructor(kind: type[pulumi.Resource]) -> str:
    return inspect.getsource(vars(kind)["_internal_init"])


def _modules() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        # The package deprecates modules of its own while it imports them.
        warnings.simplefilter("ignore", DeprecationWarning)
        package = importlib.import_module("pulumi_openstack")
        # A package loads when something asks it for an attribute. If its modules are imported before that, it stays
        # without their classes for all tests that follow.
        for each in list(vars(package).values()):
            getattr(each, "__all__", None)
        for found in pkgutil.walk_packages(package.__path__, "pulumi_openstack."):
            yield importlib.import_module(found.name)
