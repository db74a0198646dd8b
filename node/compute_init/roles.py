"""Which roles a run needs: those whose inputs are not those that were applied last in this boot. Pure.

A role's inputs are in its ``meta/node_variables.yml``; the image has all of them in one file, as JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_WORD = re.compile(r"[A-Za-z_]\w*")
#: A role's tag in the playbook: a role without it always runs.
TAG = "role_"
#: What the variables and files are called that no role declares.
_REST = "a variable or file that no role declares"


@dataclass(frozen=True)
class RoleInputs:
    """What a role depends on.

    Attributes:
        variables: names of variables; what their values mention counts, too.
        files: names of files in the bundle.
        needs: roles that set facts for it, and therefore run with it.
        follows: roles whose results it reads: it runs when they run.
    """

    variables: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RoleInputs:
        """Parse a role's declaration."""
        names = {key: frozenset(map(str, document.get(key, ()))) for key in ("reads", "files", "needs", "follows")}
        variables = frozenset(map(str, document["node_variables"]))
        return cls(variables | names["reads"], names["files"], names["needs"], names["follows"])


def declared_inputs(text: str) -> dict[str, RoleInputs]:
    """The inputs of all roles by name; none if the text is damaged, so that everything runs."""
    try:
        return {str(name): RoleInputs.of(each) for name, each in json.loads(text).items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


@dataclass(frozen=True)
class Given:
    """What a run gives to the roles.

    Attributes:
        variables: all variables.
        files: the files of the bundle.
        common: what every role depends on, by what it is called; the first that changed is said.
        key: a secret, so that a digest tells nothing about a secret value.
    """

    variables: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    common: Mapping[str, Any]
    key: bytes = field(repr=False)

    def digest(self, value: Any) -> str:
        """A keyed digest of a value."""
        return keyed_digest(self.key, value)

    def content(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Digests of files."""
        there = sorted(name for name in names if name in self.files)
        return [(name, hashlib.sha256(self.files[name]).hexdigest()) for name in there]


@dataclass(frozen=True)
class RoleDigests:
    """What was, or is to be applied.

    Attributes:
        common: digests of what every role depends on, by what it is called.
        roles: digests of the roles' inputs.
        units: the roles' units that were active afterwards, or are active now.
    """

    common: Mapping[str, str]
    roles: Mapping[str, str]
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleDecision:
    """The decision.

    Attributes:
        everything: why every role runs; empty if only some do.
        run: the roles that run otherwise, with the reason.
        skip: the roles that do not run.
    """

    everything: str = ""
    run: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()

    @property
    def skip_tags(self) -> tuple[str, ...]:
        """The tags in the playbook of what does not run."""
        return tuple(f"{TAG}{name}" for name in self.skip)

    @property
    def lines(self) -> list[str]:
        """What the log says."""
        if self.everything:
            return [f"all roles run: {self.everything}"]
        number, names = len(self.run) + len(self.skip), ", ".join(self.skip)
        said = [f"role {name} runs: {reason}" for name, reason in sorted(self.run.items())]
        return [*said, f"{len(self.skip)} of {number} roles are skipped, their inputs have not changed: {names}"]


def role_digests(roles: Mapping[str, RoleInputs], given: Given) -> RoleDigests:
    """The digests of what a run gives."""
    read = {name: with_mentioned(role.variables, given.variables) for name, role in roles.items()}
    variables = frozenset().union(*read.values())
    files = frozenset().union(*(role.files for role in roles.values()))
    rest = [
        sorted((name, value) for name, value in given.variables.items() if name not in variables),
        given.content(given.files.keys() - files),
    ]
    return RoleDigests(
        {name: given.digest(value) for name, value in {**given.common, _REST: rest}.items()},
        {
            name: given.digest([sorted(read[name].items()), given.content(role.files)])
            for name, role in sorted(roles.items())
        },
    )


def decide_roles(roles: Mapping[str, RoleInputs], wanted: RoleDigests, applied: RoleDigests | None) -> RoleDecision:
    """Decide on each role; one without a declaration is not among the skipped ones, so it runs.

    Args:
        roles: the inputs of all roles.
        wanted: what is to be applied.
        applied: what was applied last in this boot; None if that is not known, or did not succeed.
    """
    if applied is None:
        return RoleDecision("the node was not set up since it booted, its last run failed, or all was asked for")
    for name in [*wanted.common, *applied.common]:
        if wanted.common.get(name) != applied.common.get(name):
            return RoleDecision(f"{name} changed")
    for unit in applied.units:
        if unit not in wanted.units:
            return RoleDecision(f"{unit} no longer runs")
    run = {
        name: "what it depends on has changed" if name in applied.roles else "it was not applied"
        for name in roles
        if wanted.roles[name] != applied.roles.get(name)
    }
    waiting = sorted(run)
    while waiting:
        name = waiting.pop()
        also = dict.fromkeys(roles[name].needs & roles.keys(), f"{name} needs it")
        also.update({other: f"it follows {name}" for other, role in roles.items() if name in role.follows})
        new = sorted(also.keys() - run.keys())
        run.update({other: also[other] for other in new})
        waiting += new
    return RoleDecision("", run, tuple(sorted(roles.keys() - run.keys())))


def keyed_digest(key: bytes, value: Any) -> str:
    """A digest of a value that tells nothing about a secret in it."""
    return hmac.new(key, json.dumps(value, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def words_of(value: Any) -> set[str]:
    """The words in a value that can be names of variables."""
    return set(_WORD.findall(json.dumps(value)))


def with_mentioned(
    names: Iterable[str], variables: Mapping[str, Any], words: Callable[[Any], Iterable[str]] = words_of
) -> dict[str, Any]:
    """The variables with these names, and those that their values mention.

    Args:
        names: words, among which are names of variables.
        variables: all variables.
        words: finds the words of a value.
    """
    found: dict[str, Any] = {}
    waiting = [name for name in names if name in variables]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = variables[name]
            waiting += [word for word in words(variables[name]) if word in variables]
    return found
