"""Loads a configuration: every mistake at once, and nothing but ConfigError whatever is in it."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slurm_appliance.config import stack_file, tree
from slurm_appliance.config.causes import by_cause
from slurm_appliance.config.checks import cross_check
from slurm_appliance.config.cluster import CHAPTERS, ClusterConfig
from slurm_appliance.config.compute_init import CONTEXT
from slurm_appliance.config.paths import render
from slurm_appliance.config.problems import Explainer, show
from slurm_appliance.config.salvage import Partial, salvage
from slurm_appliance.config.section import field_shape
from slurm_appliance.config.suggest import closest
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.site_repository.entries import own_entries

#: The project's name, and with it the namespace of its settings in Pulumi.
NAMESPACE = "slurm-appliance"

#: The namespaces of Pulumi and of the providers in use: theirs to check.
FOREIGN = ("pulumi", "openstack", "command")


def from_stack_file(path: Path) -> ClusterConfig:
    """The configuration in a Pulumi stack file; its environment is named after the file.

    Raises:
        ConfigError: with every mistake that can be found at once.
    """
    return from_stack_text(stack_file.text_of(path), path)


def from_stack_text(text: str, path: Path) -> ClusterConfig:
    """Like ``from_stack_file``, with another text in place of the file's."""
    keys, problems = stack_file.parse(text, str(path))
    settings = own_settings(keys, problems)
    own = own_entries(path.parent, environment_of(path))
    return _load(settings, str(path), environment_of(path), frozenset(), problems, own)


def from_mapping(
    mapping: Mapping[str, object],
    source: str,
    *,
    environment: str = "",
    secret: frozenset[str] = frozenset(),
    problems: Sequence[Problem] = (),
    own: Collection[str] | None = (),
) -> ClusterConfig:
    """The configuration in a mapping from setting to value, without namespaces.

    Args:
        mapping: the settings; mappings and lists may be JSON texts, as Pulumi hands them to a program.
        source: where they come from, for errors.
        environment: the name of the environment, where the settings do not give one.
        secret: settings that are encrypted in the stack: their values are shown nowhere.
        problems: what was found already, to be reported together with what is found here.
        own: entries of compute_init_enable that the site's own roles declare; None takes every name for one.

    Raises:
        ConfigError: with every mistake that can be found at once.
    """
    return _load(mapping, source, environment, secret, problems, own)


def environment_of(path: Path) -> str:
    """The stack that a file belongs to: ``local`` for ``Pulumi.local.yaml``."""
    match = re.fullmatch(r"Pulumi\.(.+)\.ya?ml", path.name)
    return match[1] if match else path.stem


def own_settings(keys: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The settings in the project's namespace, by name; a namespace that looks mistyped is reported."""
    settings: dict[str, Any] = {}
    for key, value in keys.items():
        namespace, colon, name = key.partition(":")
        if namespace == NAMESPACE and colon:
            settings[name.removeprefix("config:")] = value
        elif not colon:
            remedy = f"write {NAMESPACE}:{key}"
            problems.append(Problem(render((key,)), "has no namespace", remedy))
        elif closest(namespace, (NAMESPACE, *FOREIGN)) == NAMESPACE:
            problems.append(
                Problem(
                    render((key,)), f"{show(namespace)} is not this project's namespace", f"write {NAMESPACE}:{name}"
                )
            )
    return settings


def _load(
    given: Mapping[str, object],
    source: str,
    environment: str,
    secret: frozenset[str],
    problems: Sequence[Problem],
    own: Collection[str] | None,
) -> ClusterConfig:
    found = list(problems)
    written = tree.plain(given, (), found)
    values = _values(written, environment, found)
    config: ClusterConfig | Partial
    context = {CONTEXT: own}
    try:
        config = ClusterConfig.model_validate(values, context=context)
        config.model_fields_set.intersection_update(written)  # The environment's name may have been filled in.
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # Numbers and truth values are shown as they were written, not as Pulumi's texts.
        as_shown = {
            name: written[name] if isinstance(written.get(name), int | float) else values[name] for name in values
        }
        found += Explainer(as_shown, secret).explain(errors)
        config = salvage(ClusterConfig, values, [detail["loc"] for detail in errors], context)
    found += cross_check(config)
    if found or isinstance(config, Partial):
        raise ConfigError(by_cause(sorted(found, key=_order)), source)
    return config


def _values(written: Mapping[str, Any], environment: str, problems: list[Problem]) -> dict[str, Any]:
    """The settings as pydantic takes them. Null and empty stand for not set, as Pulumi cannot tell them apart."""
    values = {}
    for name, given in written.items():
        value = tree.top_level_text(given)
        field = ClusterConfig.model_fields.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, str) and field is not None and not field_shape(field).is_single:
            value = tree.decoded(value, (name,), problems)
        values[name] = value
    if environment:
        values.setdefault("environment_name", environment)
    return values


def _order(problem: Problem) -> tuple[int, str]:
    """By the order of the chapters, then by path."""
    name = re.split(r"[.\[]", problem.path, maxsplit=1)[0]
    names = [field for chapter in CHAPTERS for field in chapter.model_fields]
    return (names.index(name) if name in names else -1, problem.path)
