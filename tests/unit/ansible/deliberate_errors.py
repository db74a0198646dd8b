"""Errors that somebody could make in a role's part for Enterprise Linux or OpenHPC, one at a time. Pure.

They are found by other means than the facts of a role (role_facts.py), which have to notice them.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TOKENS = {
    "path": re.compile(r"(?<![\w./}*%<$-])/(?:etc|run|usr|var|opt|lib)/[\w./@+-]+"),
    "unit": re.compile(r"(?<![\w@./-])[\w@-]+\.(?:service|socket|timer)\b"),
    "user": re.compile(
        r"(?:(?<= owner: )|(?<= group: )|(?<= become_user: )|(?<=User=)|(?<=Group=)|(?<=--user=))[a-z][\w-]*\b"
    ),
}
_INSTALLS = re.compile(r"^( *)(ansible\.builtin\.(?:package|dnf)):\n", re.MULTILINE)
#: Tasks that add a source of packages which nobody vouches for.
_UNSIGNED: dict[str, dict[str, dict[str, Any]]] = {
    "a repository without gpgcheck": {"yum_repository": {"name": "x", "baseurl": "https://x/", "gpgkey": "file:///x"}},
    "a repository without a key": {"yum_repository": {"name": "x", "baseurl": "https://x/", "gpgcheck": True}},
    "a repository whose key comes by http": {
        "yum_repository": {"name": "x", "baseurl": "https://x/", "gpgcheck": True, "gpgkey": "http://x/key"}
    },
    "a key that comes by http": {"rpm_key": {"key": "http://x/key"}},
    "a package from an address": {"dnf": {"name": "https://x/x.rpm"}},
    "dnf without signatures": {"command": {"cmd": "dnf --assumeyes --nogpgcheck install x"}},
    "a file of a repository": {"copy": {"dest": "/etc/yum.repos.d/x.repo", "content": "[x]\ngpgcheck=1\n"}},
}


@dataclass(frozen=True)
class DeliberateError:
    """One error: what a file of the role becomes.

    Attributes:
        what: in words, with what was changed.
        file: in the role's folder.
        text: the file's new text.
        names: a message about the error has one of these in it; none: any message will do.
    """

    what: str
    file: str
    text: str
    names: tuple[str, ...] = ()


def deliberate_errors(role: Path) -> Iterator[DeliberateError]:
    """All errors for a role: in its variables, in its tasks and files, and in what it installs."""
    for family in ("RedHat", "OpenHPC"):
        if (path := role / "vars" / f"{family}.yml").exists():
            yield from _in_variables(f"vars/{family}.yml", yaml.safe_load(path.read_text()))
    for path in sorted(
        path for part in ("tasks", "handlers", "defaults", "templates") for path in (role / part).rglob("*")
    ):
        if path.is_file() and "Debian" not in path.name:
            yield from _in_text(str(path.relative_to(role)), path.read_text())
    if (main := role / "vars" / "main.yml").exists():
        yield from _in_text("vars/main.yml", main.read_text())
    yield from _of_signatures(role)


def _in_variables(file: str, variables: Mapping[str, Any]) -> Iterator[DeliberateError]:
    for place, text in _leaves(variables, ()):
        words = text.split()
        for at, word in enumerate(words):
            if re.match(r"[\w/]", word):
                changed = " ".join([*words[:at], _wrong(word), *words[at + 1 :]])
                yield DeliberateError(
                    f"{file}: {place[0]}: {changed}",
                    file,
                    _dumped(_replaced(variables, place, changed)),
                    (word, changed, "/wrong/"),
                )
        if isinstance(place[-1], int):
            yield DeliberateError(
                f"{file}: {place[0]} without {text}", file, _dumped(_replaced(variables, place, None)), (text,)
            )


def _in_text(file: str, text: str) -> Iterator[DeliberateError]:
    for kind, pattern in _TOKENS.items():
        for found in pattern.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            if not re.match(r"\s*#|.*\s# |.*\{#", line):
                wrong = _wrong(found[0])
                changed = text[: found.start()] + wrong + text[found.end() :]
                yield DeliberateError(f"{file}: {kind} {found[0]} becomes {wrong}", file, changed)


def _of_signatures(role: Path) -> Iterator[DeliberateError]:
    tasks = sorted(path for path in (role / "tasks").rglob("*.yml") if "Debian" not in path.name)
    for path in tasks:
        text = path.read_text()
        for found in _INSTALLS.finditer(text):
            changed = f"{text[: found.end()]}{found[1]}  disable_gpg_check: true\n{text[found.end() :]}"
            file = str(path.relative_to(role))
            yield DeliberateError(f"{file}: packages without a signature", file, changed, ("disable_gpg_check",))
        # What handles keys of repositories.
        parsed = yaml.safe_load(text) or []
        for at, task in enumerate(parsed):
            if "item.key" in str(task):
                without = _dumped(parsed[:at] + parsed[at + 1 :])
                file = str(path.relative_to(role))
                yield DeliberateError(f"{file}: without the task {task['name']}", file, without)
    for what, task in _UNSIGNED.items():
        named = {f"ansible.builtin.{module}": given for module, given in task.items()}
        file = str(tasks[0].relative_to(role))
        more = yaml.safe_dump([{"name": what, **named}])
        yield DeliberateError(f"{file}: {what}", file, f"{tasks[0].read_text().rstrip()}\n\n{more}")
    for path in sorted((role / "templates").rglob("*.repo.j2")):
        file, text = str(path.relative_to(role)), path.read_text()
        for old, new in {
            "gpgcheck=1": "gpgcheck=0",
            "gpgcheck=1\n": "",
            "gpgkey=file:///etc": "gpgkey=http://etc",
            "gpgkey=": "# gpgkey=",
            "rpm-gpg/site-": "rpm-gpg/other-",
        }.items():
            assert old in text
            yield DeliberateError(f"{file}: {old!r} becomes {new!r}", file, text.replace(old, new))


def _wrong(word: str) -> str:
    """Another name of the same kind."""
    if word.startswith("/"):
        first, rest = word[1:].partition("/")[::2]
        return f"/{first}/wrong/{rest}"
    return f"wrong-{word}"


def _leaves(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*place, key))


def _replaced(variables: Mapping[str, Any], place: tuple[Any, ...], value: str | None) -> Any:
    copy: Any = deepcopy(variables)
    parent = copy
    for key in place[:-1]:
        parent = parent[key]
    if value is None:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return copy


def _dumped(variables: Any) -> str:
    return str(yaml.safe_dump(variables))
