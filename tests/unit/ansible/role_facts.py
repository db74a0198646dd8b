"""The facts of a distribution that roles use: packages, units, paths and users, found in their files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from toolchain.paths import REPOSITORY

ROLES = REPOSITORY / "ansible" / "roles"
USERS = REPOSITORY / "ansible" / "group_vars" / "all" / "system_users.yml"

_UNIT = re.compile(r"(?<![\w@./-])([\w@-]+\.(?:service|socket|timer))\b")
_BLOCKS = ("tasks", "handlers", "defaults", "templates")
#: Of every system with cloud-init, and of what we or the site install without packages.
_ANYWHERE = frozenset({"cloud-init.service", "default-gateway.service", "grafana-server.service"})
#: Named where a role chooses nfs-ganesha, which only Debian's part installs.
_OF_DEBIAN = frozenset({"nfs-ganesha.service", "nfs-ganesha-lock.service", "rpc-statd.service"})


def used_facts(role: Path, family: str) -> dict[str, str]:
    """What a role uses of a family's facts: each with the place that names it."""
    found: dict[str, str] = {}
    variables = _variables(role, family)
    if variables is not None:
        for name, value in yaml.safe_load(variables.read_text()).items():
            found.update(dict.fromkeys(_values(name, value), f"{role.name}/vars/{variables.name}: {name}"))
    ours = {path.name.removesuffix(".j2") for part in ("files", "templates") for path in (role / part).rglob("*")}
    for path in sorted(path for part in _BLOCKS for path in (role / part).rglob("*") if path.is_file()):
        for unit in _UNIT.findall(path.read_text()):
            if unit in ours | _ANYWHERE or unit.startswith(("slurm-appliance", "slurm-metrics", "dev-")):
                continue
            if family == "Debian" or unit not in _OF_DEBIAN:
                found[unit] = f"{role.name}/{path.relative_to(role)}"
    return found


def _variables(role: Path, family: str) -> Path | None:
    """The role's facts of a family; OpenHPC's are the distribution's where the role has no others."""
    names = [family, "RedHat"] if family == "OpenHPC" else [family]
    return next((path for name in names if (path := role / "vars" / f"{name}.yml").exists()), None)


def system_users() -> list[str]:
    """Users of packages that get fixed ids."""
    listed = yaml.safe_load(USERS.read_text())["system_users_list"]
    return [each["name"] for each in listed if not each["name"].startswith("slurm-appliance")]


def _values(name: str, value: Any) -> Iterator[str]:
    """Facts in a variable of a role: packages in those that are called so, units and paths in all."""
    for text in _texts(value):
        if name.endswith("_packages"):
            yield text
        else:
            yield from _UNIT.findall(text)
            yield from (_folder(word) for word in re.findall(r"(?:^|(?<=\s))(/[^\s'\"]+)", text))


def _folder(path: str) -> str:
    """The part of a path that the distribution has: names of ours and patterns are below it."""
    path = path.replace("{{", "").split("*")[0]
    head, _, last = path.rpartition("/")
    return head if "slurm-appliance" in last or not last else path


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, str):
        # The only fact of the machine in a path: every build is for this architecture.
        yield value.replace("{{ ansible_facts['architecture'] }}", "x86_64")
