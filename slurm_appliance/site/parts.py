"""The parts of ``site.yml`` that are skipped where nothing that they depend on has changed, read from the playbooks."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slurm_appliance.deploy_host.tree_digest import tree_digest

#: The table of parts.
TABLE = Path(__file__).with_name("parts.yml")
#: What a part's tag begins with.
TAG = "part_"
#: The tags of what `site.run` can do itself: wait for nodes and gather facts; render files.
BOOT, RENDER = f"{TAG}boot", f"{TAG}render"
_SPECIAL = frozenset({BOOT, RENDER})
#: Where a role's variables can be mentioned.
_MENTIONING = ("defaults", "handlers", "tasks", "templates", "vars")
_ROLE_KEYS = frozenset({"ansible.builtin.import_role", "ansible.builtin.include_role"})
#: What every part depends on: filters, settings of Ansible, and variables that all roles share.
_COMMON = ("filter_plugins", "group_vars", "ansible.cfg")


@dataclass(frozen=True)
class SitePart:
    """A part.

    Attributes:
        name: its name; its tag is ``part_NAME``.
        groups: inventory groups of its nodes.
        text: its tasks in site.yml, and all texts of its roles that can mention variables.
        content: a digest of its tasks and of all files of its roles.
        reads: variables that it depends on without mentioning them.
        needs: parts that run whenever it runs.
        follows: parts whose results it reads.
    """

    name: str
    groups: frozenset[str]
    text: str
    content: str
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


def site_parts(ansible: Path, table_file: Path = TABLE) -> dict[str, SitePart]:
    """All parts by name.

    Args:
        ansible: the folder of the playbooks and roles.
        table_file: the table of parts.

    Raises:
        ValueError: a part has no entry in the table, or the other way round.
    """
    table: Mapping[str, Mapping[str, Sequence[str]]] = _load(table_file)
    groups: dict[str, set[str]] = {}
    tasks: dict[str, list[Any]] = {}
    for play, task in _tagged(_load(ansible / "site.yml")):
        name = str(task["tags"]).removeprefix(TAG)
        groups.setdefault(name, set()).update(str(play["hosts"]).split(":"))
        tasks.setdefault(name, []).append(task)
    named = {other for each in table.values() for other in (*each.get("needs", ()), *each.get("follows", ()))}
    if odd := (table.keys() ^ tasks.keys()) | (named - table.keys()):
        raise ValueError(f"{table_file}: lacks, or has and site.yml lacks: {', '.join(sorted(odd))}")
    common = [_digest(ansible / name) for name in _COMMON]
    return {name: _part(name, groups[name], tasks[name], table[name], ansible, common) for name in sorted(table)}


def _part(
    name: str,
    groups: set[str],
    tasks: Sequence[Any],
    entry: Mapping[str, Sequence[str]],
    ansible: Path,
    common: Sequence[str],
) -> SitePart:
    roles = sorted(_with_their_roles(_roles(tasks), ansible / "roles"))
    text = json.dumps(tasks)
    return SitePart(
        name=name,
        groups=frozenset(groups),
        text="\n".join([text, *(each for role in roles for each in _texts(ansible / "roles" / role))]),
        content="\n".join([text, *common, *(f"{role} {_digest(ansible / 'roles' / role)}" for role in roles)]),
        reads=tuple(entry.get("reads", ())),
        needs=tuple(entry.get("needs", ())),
        follows=tuple(entry.get("follows", ())),
    )


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _tagged(plays: Any) -> Iterator[tuple[Any, Any]]:
    """Tasks of parts, with their plays."""
    for play in plays:
        for task in play.get("tasks", ()):
            if str(task.get("tags", "")).startswith(TAG) and task["tags"] not in _SPECIAL:
                yield play, task


def _roles(tree: Any) -> set[str]:
    """The roles that tasks name."""
    if isinstance(tree, Mapping):
        own = {str(value["name"]) for key, value in tree.items() if key in _ROLE_KEYS}
        return own.union(*(_roles(value) for value in tree.values()))
    return set().union(*map(_roles, tree)) if isinstance(tree, list) else set()


def _with_their_roles(names: set[str], folder: Path) -> set[str]:
    """Roles, and those that their own tasks name."""
    found: set[str] = set()
    while names:
        found |= names
        files = (path for name in names for path in sorted((folder / name).glob("tasks/*.yml")))
        names = {other for path in files for other in _roles(_load(path))} - found
    return found


def _texts(role: Path) -> Iterator[str]:
    for name in _MENTIONING:
        for path in sorted((role / name).rglob("*")):
            if path.is_file():
                yield _COMMENT.sub("", path.read_text())


#: Lines that say something to readers, and mention no variable.
_COMMENT = re.compile(r"^[ \t]*(?:#|- name:)[^{\n]*$", re.MULTILINE)


def _digest(path: Path) -> str:
    return tree_digest(path) if path.is_dir() else path.read_text()
