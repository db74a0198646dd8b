"""What a part of ``site.yml`` depends on, on a node, as a digest. Pure.

Variables, groups and rendered files are found by their names in the texts of the part's roles, and in the values of the
variables that are found. A name that means something else there makes the part run more often than needed, never less.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from node.compute_init.roles import keyed_digest, with_mentioned
from slurm_appliance.site.parts import SitePart

#: The form of the digests.
_SCHEMA = "1"
_WORD = re.compile(r"[A-Za-z_]\w*")
#: Our own name and Slurm's, in paths, are not the variable ``slurm``.
_OWN_NAME = re.compile(r"slurm[-_]appliance|(?<=/)slurm\b")
_FILE = re.compile(r"site_folder\s*(?:\}\}/|~\s*'/)([\w.-]+)")
_FOLDER = "site_folder"
#: Words in a variable's value that read from elsewhere when Ansible renders it.
_LOOKUPS = frozenset({"lookup", "query", "q", "now", "pipe"})
#: Words by which a role reads other nodes' variables, or the groups.
_OTHERS, _GROUPS = "hostvars", frozenset({"groups", "group_names"})


@dataclass(frozen=True)
class SiteInputs:
    """What all parts depend on.

    Attributes:
        hosts: all hosts' variables, with ``group_names``.
        control: the control node's name.
        files: digests of the rendered files by name.
        key: a secret, so that a digest tells nothing about a secret value.
    """

    hosts: Mapping[str, Mapping[str, Any]]
    control: str
    files: Mapping[str, str]
    key: bytes = field(repr=False)

    @cached_property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Each host's variables, with those that site.yml sets first."""
        own = {"control_host": self.control, "control_address": self.hosts[self.control].get("ansible_host")}
        return {name: {**variables, **own} for name, variables in self.hosts.items()}

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Each host's groups."""
        return {name: sorted(variables.get("group_names", ())) for name, variables in self.hosts.items()}

    def digest(self, value: Any) -> str:
        """A keyed digest of a value."""
        return keyed_digest(self.key, value)


def part_digests(parts: Mapping[str, SitePart], inputs: SiteInputs) -> dict[str, dict[str, str]]:
    """The digests by host and part; empty where it is not known what the part depends on.

    Args:
        parts: all parts.
        inputs: what they depend on.
    """
    found: dict[str, dict[str, str]] = {}
    done: dict[str, str] = {}
    for part in (parts[name] for name in _ordered(parts)):
        followed = [done[other] for other in part.follows]
        names = [host for host, groups in inputs.groups.items() if not part.groups.isdisjoint(groups)]
        digests = {host: _digest(part, inputs, host, followed) for host in names}
        done[part.name] = inputs.digest(digests) if all(digests.values()) else ""
        for host, digest in digests.items():
            found.setdefault(host, {})[part.name] = digest
    return found


def _ordered(parts: Mapping[str, SitePart]) -> list[str]:
    """Parts after those that they follow."""
    ordered: list[str] = []

    def add(name: str) -> None:
        for other in parts[name].follows:
            add(other)
        if name not in ordered:
            ordered.append(name)

    for name in parts:
        add(name)
    return ordered


def _digest(part: SitePart, inputs: SiteInputs, host: str, followed: Sequence[str]) -> str:
    known = _depends(part, inputs, host) if all(followed) else None
    return "" if known is None else inputs.digest([known, followed])


def _depends(part: SitePart, inputs: SiteInputs, host: str) -> Any:
    """What a part depends on, on a host; None: unknown."""
    words = mentioned(part.text) | set(part.reads)
    own = _closure(words, inputs.variables[host])
    words |= _words_of(own.values())
    others = {}
    if _OTHERS in words:
        others = {name: _closure(words, variables) for name, variables in inputs.variables.items() if name != host}
        words |= {word for values in others.values() for word in _words_of(values.values())}
    if any(_words(value) & _LOOKUPS for values in (own, *others.values()) for value in values.values()):
        return None
    texts = [part.text, *map(json.dumps, own.values())]
    names = {name for text in texts for name in _FILE.findall(text)}
    if sum(map(text_mentions, texts)) > sum(len(_FILE.findall(text)) for text in texts):
        names |= inputs.files.keys()  # The folder is used in a way that is not known.
    return [
        _SCHEMA,
        part.content,
        host,
        inputs.groups[host],
        sorted(own.items()),
        sorted(others.items()),
        sorted(inputs.groups.items()) if words & _GROUPS else [],
        sorted((name, inputs.files.get(name)) for name in names),
    ]


def mentioned(text: str) -> set[str]:
    """The words of a text that can be names of variables."""
    return set(_WORD.findall(_OWN_NAME.sub("", text)))


def text_mentions(text: str) -> int:
    """How often a text mentions the folder of rendered files."""
    return len(re.findall(rf"\b{_FOLDER}\b", text))


def _closure(words: Iterable[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that words name, and those that their values name."""
    return with_mentioned(words, variables, _words)


def _words(value: Any) -> set[str]:
    return mentioned(json.dumps(value))


def _words_of(values: Iterable[Any]) -> set[str]:
    return {word for value in values for word in _words(value)}
