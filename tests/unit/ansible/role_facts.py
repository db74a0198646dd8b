"""The facts of a distribution that a role uses: packages, units, paths, users and commands, found in its files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"
ROLES = ANSIBLE / "roles"
#: The files of variables that a role has for each family: a later one has only what differs from an earlier one.
FAMILIES = {"Debian": ("Debian",), "RedHat": ("RedHat",), "OpenHPC": ("RedHat", "OpenHPC")}
#: The role that makes the users of packages with fixed ids, which group_vars lists.
_SYSTEM_USERS = "system_users"

_UNIT = re.compile(r"(?<![\w@./-])([\w@-]+\.(?:service|socket|timer))\b")
_PATH = re.compile(r"(?<![\w./}*%<])/(?:boot|etc|lib|opt|run|usr|var)/[^\s'\"`,;:()\[\]|<>&=]*")
_USER = re.compile(
    r"^(?:owner|group|become_user)=([\w-]+)$|^(?:[A-Z][a-z]+)?(?:User|Group)=([\w-]+)$|--user=([\w-]+)", re.MULTILINE
)
_OF_FAMILY = re.compile(r"\['os_family'\] (==|!=) '(\w+)'")
#: Names of our files in folders of a distribution.
_OURS = re.compile(r"slurm-appliance|^\d\d(site|image)-|^site[.-]")
#: Of every system with cloud-init, and of what we or the site install without packages.
_UNITS_ANYWHERE = frozenset({"cloud-init.service", "default-gateway.service", "grafana-server.service"})
#: The same of paths: files and folders of every system, and those that we or the site put there.
_PATHS_ANYWHERE = re.compile(
    "|".join(
        (
            r"/etc/(hosts|motd\.d|profile\.d|resolv\.conf|security|sudoers\.d|tmpfiles\.d|ld\.so\.conf\.d)(/|$)",
            r"/etc/(security/limits\.d|sysctl\.d|pam\.d/sshd|cloud/cloud\.cfg\.d|NetworkManager/conf\.d)$",
            r"/(etc|run|usr/lib)/systemd(/|$)|/usr/(lib|(local/)?s?bin)$|/usr/bin/python3$|/usr/sbin/(nologin|visudo|reboot)$",
            r"/var/log/cloud-init-output\.log$|/var/lib/cloud/data/instance-id$|/usr/local/sbin/mkfs\.ext4$",
            r"/(etc|opt|usr/lib|usr/share|var/lib|run|var/spool|var/log)/slurm-appliance(/|$)|/var/lib/image(/|$)",
            r"/(etc|var/lib)/(ansible-init|grafana)(/|$)",
            # Ours in folders of packages, or named in settings of ours.
            r"/etc/slurm/slurm\.key$|/run/slurm(d|ctld|dbd)\.pid$|/var/spool/slurmd$|/etc/prometheus/slurm-appliance(/|$)",
            r"/etc/prometheus/(prometheus|web)\.yml$|/var/lib/prometheus/node-exporter$|/var/lib/chrony/chrony\.drift$",
            r"/etc/ssh/(authorized_keys\.d|home_keys\.d|\.kept)$|/usr/sbin/tuned-adm$",
        )
    )
)
_COMMANDS_ANYWHERE = frozenset({"true"})
#: Roles name these with a condition of their own, on a package or a file of the other families.
_OF_OTHERS = {
    "Debian": re.compile(r"/etc/(dnf|selinux|yum\.repos\.d|pki)(/|$)"),
    "RedHat": re.compile(r"/etc/(apt|ganesha)(/|$)|(nfs-ganesha|nfs-ganesha-lock|rpc-statd)\.service$"),
}


def facts_in_variables(role: Path, family: str) -> dict[str, str]:
    """What a role's variables of a family name: each with its place; users with the prefix ``user:``."""
    found: dict[str, str] = {}
    if role.name == _SYSTEM_USERS:
        found.update({f"user:{name}": "group_vars/all/system_users.yml" for name in system_users(role.parent.parent)})
    for file, name, value in _variables(role, family):
        found.update(dict.fromkeys(_in_variable(name, value), f"{role.name}/vars/{file}: {name}"))
    return found


def facts_in_tasks(role: Path, family: str) -> dict[str, str]:
    """What everything else of a role names that holds for a family: tasks, handlers, defaults and templates."""
    found: dict[str, str] = {}
    ours = {path.name.removesuffix(".j2") for part in ("files", "templates") for path in (role / part).rglob("*")}
    others = _OF_OTHERS[FAMILIES[family][0]]
    for path, text in _texts_of(role, family):
        for fact in _in_text(text):
            if fact not in ours and not others.match(fact):
                found.setdefault(fact, f"{role.name}/{path.relative_to(role)}")
    return found


def system_users(ansible: Path = ANSIBLE) -> list[str]:
    """Users of packages that get fixed ids."""
    listed = read(ansible / "group_vars" / "all" / "system_users.yml")["system_users_list"]
    return [each["name"] for each in listed if not each["name"].startswith("slurm-appliance")]


def _variables(role: Path, family: str) -> Iterator[tuple[str, str, Any]]:
    """The variables of a family: each with its file."""
    merged = {
        name: (f"{each}.yml", value)
        for each in FAMILIES[family]
        if (path := role / "vars" / f"{each}.yml").exists()
        for name, value in read(path).items()
    }
    yield from ((file, name, value) for name, (file, value) in merged.items())


def _texts_of(role: Path, family: str) -> Iterator[tuple[Path, str]]:
    """The texts of a role that hold for a family, apart from its variables."""
    others = set(FAMILIES) - {family, *FAMILIES[family]}
    for path in sorted(
        path for part in ("tasks", "handlers", "defaults", "templates") for path in (role / part).rglob("*")
    ):
        if path.is_dir() or any(path.stem.endswith(other) for other in others):
            continue
        if path.suffix == ".yml":
            yield from ((path, text) for text in _strings(read(path), FAMILIES[family][0]))
        else:
            yield path, re.sub(r"^\s*#.*$|\{#.*?#\}", "", path.read_text(), flags=re.MULTILINE)
    if (main := role / "vars" / "main.yml").exists():
        yield from ((main, text) for text in _strings(read(main), FAMILIES[family][0]))


def _strings(value: Any, os_family: str, name: str = "") -> Iterator[str]:
    """The strings in tasks or variables, without tasks for other families; those of keys as ``key=value``."""
    if isinstance(value, list):
        for each in value:
            yield from _strings(each, os_family)
    elif isinstance(value, dict):
        conditions = value.get("when", [])
        if not _is_for(" and ".join(conditions if isinstance(conditions, list) else [str(conditions)]), os_family):
            return
        for key, each in value.items():
            yield from _strings(each, os_family, str(key))
    elif isinstance(value, str):
        yield value
        if name in {"owner", "group", "become_user"}:
            yield f"{name}={value}"


def _is_for(condition: str, os_family: str) -> bool:
    return all((said == "==") == (family == os_family) for said, family in _OF_FAMILY.findall(condition))


def _in_variable(name: str, value: Any) -> Iterator[str]:
    """Facts in a variable of a family: packages in those that are called so; else units, paths and whole commands."""
    for text in _leaves(value):
        if name.endswith(("_package", "_packages")):
            yield text
        elif re.match(r"[\w-]+( |$)", text):
            yield from ([] if text in _COMMANDS_ANYWHERE else [text, *_UNIT.findall(text)])
        else:
            yield from _UNIT.findall(text)
            yield from (_folder(word) for word in re.findall(r"(?:^|(?<=\s))(/[^\s'\"]+)", text))


def _in_text(text: str) -> Iterator[str]:
    """Units, paths and users in a text that is the same for all families, without those of every system."""
    for unit in _UNIT.findall(text):
        if unit not in _UNITS_ANYWHERE and not unit.startswith(("slurm-appliance", "slurm-metrics", "dev-")):
            yield unit
    for path in _PATH.findall(text):
        if not _PATHS_ANYWHERE.match(folder := _folder(path)) and folder.count("/") > 1:
            yield folder
    for names in _USER.findall(text):
        name = "".join(names)
        if name not in {"root", "0"} and not name.startswith("slurm-appliance"):
            yield f"user:{name}"


def _folder(path: str) -> str:
    """The part of a path that the distribution has: names of ours and patterns are below it."""
    path, *pattern = re.split(r"[*{$%]|-XXXXXX", path)
    head, _, last = path.rpartition("/")
    return head if _OURS.search(last) or not last or (pattern and last.endswith(("-", "_"))) else path


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, str):
        # The only fact of the machine in a path: every build is for this architecture.
        yield value.replace("{{ ansible_facts['architecture'] }}", "x86_64")


def read(path: Path) -> Any:
    """What a file of YAML holds."""
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
