"""The roles against the table of a family: what is in one of them only, and packages without a signature. Pure."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from localcloud.image.distribution import Distribution, load
from tests.unit.ansible.role_facts import facts_in_tasks, facts_in_variables, read

#: How a task installs packages that nobody signed, or trusts a key that comes over the network without proof.
_UNSIGNED = re.compile(
    r"--nogpgcheck|--no-gpg-checks|--nosignature|--allow-unauthenticated|gpgcheck\s*[=:]\s*(0|no|false)\b"
    r"|(dnf|yum|rpm)\b[^\n]*\shttp://",
    re.IGNORECASE,
)
_MODULES_WITH_CHECK = ("dnf", "dnf5", "yum", "package")
_MODULES_OF_TEXT = ("shell", "command", "copy", "blockinfile", "lineinfile", "ini_file")


def differences(ansible: Path, family: str) -> list[str]:
    """What is wrong between the roles and the table of a family: each with its role and its fact.

    Args:
        ansible: a folder with ``roles``, ``distributions`` and ``group_vars``.
        family: the name of the table.
    """
    table = _table(family, (ansible / "distributions").resolve())
    roles = sorted(path for path in (ansible / "roles").iterdir() if path.is_dir())
    return [
        *(each for role in roles for each in _of_role(role, family, table)),
        *(
            f"{name}: {family}.yml has a row for a role that is not there"
            for name in sorted({*table.variables, *table.tasks} - {role.name for role in roles})
        ),
        *(each for role in roles for each in unsigned(role)),
        *_of_table(family, table),
    ]


@cache
def _table(family: str, folder: Path) -> Distribution:
    return load(family, folder)


def _of_role(role: Path, family: str, table: Distribution) -> Iterator[str]:
    for part, used, rows in (
        ("variables", facts_in_variables(role, family), table.variables),
        ("tasks", facts_in_tasks(role, family), table.tasks),
    ):
        row = rows.get(role.name, frozenset())
        for fact in sorted(set(used) - row):
            yield f"{role.name}: {fact} is not in its row of {part} of {family}.yml ({used[fact]})"
        for fact in sorted(row - set(used)):
            yield f"{role.name}: its {part} do not name {fact}, which its row of {family}.yml has"


def _of_table(family: str, table: Distribution) -> Iterator[str]:
    """Facts of roles that no package has, and facts that no role uses."""
    facts, used = table.facts(), frozenset[str]().union(*table.variables.values(), *table.tasks.values())
    yield from (f"{family}.yml: a role uses {fact}, which no package has" for fact in sorted(used - set(facts)))
    # A package that no role installs is there for what is in it.
    packages = {name for name, package in table.packages.items() if package.contents}
    yield from (f"{family}.yml: {fact} is used by no role" for fact in sorted(set(facts) - used - packages))


def unsigned(role: Path) -> Iterator[str]:
    """Where a role would install a package without a signature, or with a key of unknown origin."""
    for path in sorted(each for part in ("tasks", "handlers") for each in (role / part).rglob("*.yml")):
        for task in _tasks(read(path)):
            yield from (f"{role.name}: {path.name}: {task.get('name', 'a task')}: {why}" for why in _of_task(task))
    for path in sorted((role / "templates").rglob("*.repo.j2")):
        yield from (f"{role.name}: {path.name}: {why}" for why in _of_repository_file(role, path))


def _tasks(value: Any) -> Iterator[dict[str, Any]]:
    for task in value or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part))


def _of_task(task: dict[str, Any]) -> Iterator[str]:
    for module, given in task.items():
        name, settings = module.rpartition(".")[2], given if isinstance(given, dict) else {}
        if name in _MODULES_WITH_CHECK:
            if settings.get("disable_gpg_check", False):
                yield "disable_gpg_check"
            if re.search(r"https?://", str(settings.get("name", ""))):
                yield "a package from an address"
        elif name == "yum_repository":
            yield from _of_repository({key: str(each) for key, each in settings.items()})
        elif name == "rpm_key" and not str(settings.get("key", "")).startswith(("/", "{{")):
            yield "a key that is not a file"
        elif name in _MODULES_OF_TEXT and _UNSIGNED.search(str(given)):
            yield "packages without a signature"


def _of_repository_file(role: Path, path: Path) -> Iterator[str]:
    """A repository's file as it is written with a key of the site."""
    defaults = DataLoader().load_from_file(str(role / "defaults/main.yml"), trusted_as_template=True)
    given = {**(defaults or {}), "item": {"name": "base", "url": "https://mirror/base", "key": "a key"}}
    text = str(Templar(DataLoader(), given).template(trust_as_template(path.read_text())))
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    yield from _of_repository(settings)
    key = settings.get("gpgkey", "").removeprefix("file://")
    written = [
        str(task[module].get("dest", "")).replace("{{ item.name }}", "base")
        for tasks in (role / "tasks").rglob("*.yml")
        for task in _tasks(read(tasks))
        for module in task
        if module.endswith(".copy") and "item.key" in str(task[module].get("content", ""))
    ]
    if key not in written:
        yield f"no task writes its key {key}"
    if not any(
        "item.key | length > 0" in str(task.get("ansible.builtin.assert", {}).get("that", ""))
        for tasks in (role / "tasks").rglob("*.yml")
        for task in _tasks(read(tasks))
    ):
        yield "no task refuses a repository without a key"


def _of_repository(settings: dict[str, str]) -> Iterator[str]:
    if settings.get("gpgcheck", "").lower() not in {"1", "yes", "true"}:
        yield "no gpgcheck"
    if not settings.get("gpgkey", "").startswith("file:///"):
        yield "no gpgkey that is a file"
