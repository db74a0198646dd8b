"""Which variables of the inventory a role reads when it configures a node: found in its files, not in what it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.hostvars.references import looked_up

#: Keys whose values are expressions without braces.
_EXPRESSIONS = frozenset({"when", "until", "failed_when", "changed_when", "that"})
#: Given by Ansible, Jinja or a run of site.yml, not by the inventory.
_GIVEN = frozenset(
    {
        "dict",
        "inventory_hostname",
        "item",
        "now",
        "omit",
        "playbook_dir",
        "range",
        "role_path",
        "site_interrupted",
        "undef",
    }
)


def used_variables(role: Path) -> set[str]:
    """Names that the role's tasks (but install.yml), handlers and templates look up and do not set themselves."""
    used: set[str] = set()
    own: set[str] = set()
    for path in [*role.glob("tasks/*.yml"), *role.glob("handlers/*.yml")]:
        if path.name != "install.yml":
            document = yaml.safe_load(path.read_text()) or []
            used |= {name for expression in _expressions(document) for name in _names(expression)}
            own |= set(_set_here(document))
    for path in role.glob("templates/**/*.j2"):
        used |= _names(path.read_text())
    for path in role.glob("vars/*.yml"):
        variables = yaml.safe_load(path.read_text()) or {}
        own |= set(variables)
        used |= _names(variables)
    for name, value in _defaults(role).items():
        # A default may be overridden in the inventory: it counts as the inventory's.
        if name in used:
            used |= _names(value)
    return {name for name in used - own - _GIVEN if not name.startswith("ansible_")}


def expression_names(expression: Any) -> set[str]:
    """Names that a condition reads."""
    return _names(f"{{{{ {expression} }}}}")


def _names(value: Any) -> set[str]:
    """Names that templates anywhere in a value look up; lookups are fine here: they read where the role runs."""
    if isinstance(value, dict):
        return {name for pair in value.items() for each in pair for name in _names(each)}
    if isinstance(value, list):
        return {name for each in value for name in _names(each)}
    if not isinstance(value, str):
        return set()
    names, calls = looked_up(value)
    return set(names - (calls & {"lookup", "query", "q"}))


def _defaults(role: Path) -> dict[str, Any]:
    path = role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def _expressions(value: Any) -> Iterator[Any]:
    """Templates, and bare expressions as templates."""
    if isinstance(value, list):
        for each in value:
            yield from _expressions(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in _EXPRESSIONS:
                yield from (f"{{{{ {one} }}}}" for one in (each if isinstance(each, list) else [each]))
            else:
                yield from _expressions(each)
    else:
        yield value


def _set_here(value: Any) -> Iterator[str]:
    """Names that tasks register, set or loop with."""
    if isinstance(value, list):
        for each in value:
            yield from _set_here(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in {"register", "loop_var", "index_var"}:
                yield each
            elif key in {"ansible.builtin.set_fact", "set_fact", "vars"} and isinstance(each, dict):
                yield from each
            else:
                yield from _set_here(each)
