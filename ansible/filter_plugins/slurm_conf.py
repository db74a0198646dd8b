"""Filters that format values for slurm.conf, gres.conf, slurmdbd.conf and SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

#: Prefix of a GPU's device file, the default if a site sets none.
_GPU = "/dev/nvidia"


def slurm_options(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """Options of one of Slurm's files: the defaults, overridden by the site's options.

    Slurm ignores the case of names. Items are added to a default that is a list; any other default is replaced.
    Options without a value are left out.
    """
    names = {name.lower(): name for name in defaults}
    merged: dict[str, Any] = dict(defaults)
    for name, value in given.items():
        own = names.get(name.lower(), name)
        default = merged.get(own)
        merged[own] = [*default, *str(value).split(",")] if isinstance(default, list) else value
    written = {name: _joined(value) if isinstance(value, list) else str(value) for name, value in merged.items()}
    return {name: slurm_word(value) for name, value in written.items() if value}


def _joined(items: Iterable[Any]) -> str:
    """Join a list into one value. If several items set the same name, the last one wins."""
    last: dict[str, str] = {}
    for item in (str(each).strip() for each in items):
        if item:
            last[item.partition("=")[0].lower()] = item
    return ",".join(last.values())


def gres_types(groups: Iterable[Mapping[str, Any]]) -> list[str]:
    """The types of generic resources in the compute groups, for example ``gpu``."""
    return sorted({item.partition(":")[0] for group in groups for item in group.get("gres") or ()})


def gres_lines(group: Mapping[str, Any], nodes: Iterable[str]) -> list[str]:
    """The lines of gres.conf for a compute group.

    Args:
        group: its settings below slurm.nodegroups.
        nodes: the names of its nodes.
    """
    names = ",".join(nodes)
    items = list(group.get("gres") or ())
    if not names or not items:
        return []
    detect = group.get("gres_autodetect") or "off"
    if detect != "off":
        return [f"NodeName={names} AutoDetect={detect}"]
    files: Mapping[str, str] = group.get("gres_files") or {}
    lines, first = [], 0
    for item in items:
        kind, type_, count = _gres(item)
        named = f"{kind}:{type_}" if type_ else kind
        file = files.get(named) or files.get(kind)
        if not file and kind == "gpu":
            file = f"{_GPU}{first}" if count == 1 else f"{_GPU}[{first}-{first + count - 1}]"
            first += count
        words = [f"NodeName={names}", f"Name={kind}", f"Type={type_}" if type_ else ""]
        words.append(f"File={file}" if file else f"Count={count}")
        lines.append(" ".join(filter(None, words)))
    return lines


def _gres(item: str) -> tuple[str, str, int]:
    """Name, type and count of ``gpu:a100:4(S:0)``."""
    kind, *rest = item.partition("(")[0].split(":")
    found = re.fullmatch(r"(\d+)([kKmMgG]?)", rest[-1]) if rest else None
    if not found:
        return kind, ":".join(rest), 1
    factor = 1024 ** (" kmg".index(found.group(2).lower()) if found.group(2) else 0)
    return kind, ":".join(rest[:-1]), int(found.group(1)) * factor


def slurm_value(value: Any) -> str:
    """Quote a value with any characters for slurm.conf and slurmdbd.conf, so that ``#`` does not start a comment."""
    text = str(value)
    if not text.isprintable() or ('"' in text and (" " in text or re.fullmatch(r'"[^"]*"', text))):
        raise AnsibleFilterError(
            "Slurm's files cannot hold this value: it has control characters, both quotes and spaces, or is quoted"
        )
    escaped = text.replace("\\", "\\\\").replace("#", "\\#")
    return escaped if '"' in text else f'"{escaped}"'


def slurm_word(value: Any) -> str:
    """Quote an option's value if Slurm would otherwise read only a part of it."""
    text = str(value)
    return slurm_value(text) if re.search(r"[\s#]", text) and '"' not in text else text


def sql_string(value: Any) -> str:
    """Quote a text for MariaDB."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "slurm_options": slurm_options,
            "gres_types": gres_types,
            "gres_lines": gres_lines,
            "slurm_value": slurm_value,
            "slurm_word": slurm_word,
            "sql_string": sql_string,
        }
