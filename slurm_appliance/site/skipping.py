"""Which parts of ``site.yml`` a run skips: those that were applied with the same digest, on all their nodes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from node.compute_init.units import units_in
from slurm_appliance.site.parts import SitePart

#: The form of a node's record.
SCHEMA = 1
#: Where it has to run, host keys can change, and all files that contain them.
_KEYS = "ssh_host_keys"


@dataclass(frozen=True)
class AppliedState:
    """What a node says.

    Attributes:
        facts: of which run its facts are, according to its record; empty without a record.
        parts: digests of the parts that were applied.
        began: parts that a run began and did not end.
        units_then: units that were active then.
        packages_then: when packages had changed then.
        units: units that are active now.
        packages: when packages changed last.
        booted: whether ansible-init has ended well.
        host_key: its public host key.
    """

    facts: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    began: frozenset[str] = frozenset()
    units_then: frozenset[str] = frozenset()
    packages_then: tuple[int, ...] = ()
    units: frozenset[str] = frozenset()
    packages: tuple[int, ...] = ()
    booted: bool = False
    host_key: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "AppliedState":
        """What node/site_record.py prints.

        Raises:
            ValueError: it has another form.
        """
        try:
            record = document["record"] if document["record"].get("schema") == SCHEMA else {}
            return cls(
                facts=str(record.get("facts", "")),
                parts={str(name): str(digest) for name, digest in record.get("parts", {}).items()},
                began=frozenset(map(str, record.get("began", ()))),
                units_then=frozenset(map(str, record.get("units", ()))),
                packages_then=tuple(record.get("packages", ())),
                units=frozenset(map(str, document["units"])),
                packages=tuple(document["packages"]),
                booted=document["ansible_init"] in {"done", "skipped"},
                host_key=str(document["host_key"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"unknown form: {error!r}") from error

    def record(self, parts: Mapping[str, str], facts: str, began: Iterable[str] = ()) -> dict[str, Any]:
        """The record of what is applied to it now.

        Args:
            parts: digests of the parts.
            facts: of which run its facts are; empty for a run that gathers them.
            began: parts that now begin, or a run began and did not end.
        """
        return {
            "schema": SCHEMA,
            "facts": facts,
            "parts": dict(parts),
            "began": sorted(began),
            "units": sorted(self.units),
            "packages": list(self.packages),
        }


@dataclass(frozen=True)
class Skipping:
    """The decision.

    Attributes:
        run: the parts that run, with the reason.
        skip: the parts that do not.
    """

    run: Mapping[str, str]
    skip: frozenset[str]


def whole(states: Mapping[str, AppliedState | None], facts: Mapping[str, str]) -> str:
    """Why everything has to run, boot and facts included; empty if it has not.

    Args:
        states: what each node says; None: nothing.
        facts: of which run the facts are that this machine has, by host.
    """
    for name, state in sorted(states.items()):
        if state is None:
            return f"{name} did not answer at once"
        if not state.booted or not state.facts:
            return f"{name} was not configured since it booted"
        if state.facts != facts.get(name):
            return f"{name} was configured from another machine, or all of it was not"
        if state.packages != state.packages_then:
            return f"packages of {name} have changed"
    return "" if states else "there is no node"


def decide(
    parts: Mapping[str, SitePart], digests: Mapping[str, Mapping[str, str]], states: Mapping[str, AppliedState]
) -> Skipping:
    """Decide on each part; `whole` is empty.

    Args:
        parts: all parts.
        digests: from `part_digests`.
        states: what each node says.
    """
    run: dict[str, str] = {}
    for name, part in parts.items():
        why = [_why(part, digests.get(host, {}), state, host) for host, state in states.items()]
        if any(why):
            run[name] = next(filter(None, why))
    if _KEYS in run:
        return Skipping(dict.fromkeys(parts, run[_KEYS]), frozenset())
    waiting = sorted(run)
    while waiting:
        name = waiting.pop()
        for other in parts[name].needs:
            if other not in run:
                run[other] = f"{name} needs it"
                waiting.append(other)
    return Skipping(run, frozenset(parts.keys() - run.keys()))


def _why(part: SitePart, digests: Mapping[str, str], state: AppliedState, host: str) -> str:
    """Why a part has to run because of a host; empty if it has not."""
    digest = digests.get(part.name)
    if digest is None:
        return ""  # It is not for this host.
    if not digest:
        return "what it depends on is not known"
    if part.name not in state.parts:
        return f"it was not applied to {host}"
    if state.parts[part.name] != digest:
        return "what it depends on has changed"
    gone = sorted(units_of(part) & state.units_then - state.units)
    return f"{gone[0]} no longer runs on {host}" if gone else ""


def units_of(part: SitePart) -> frozenset[str]:
    """Units that a part mentions."""
    return units_in(part.text)


def kept(state: AppliedState, run: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """The digests that stay in a node's record while parts run: what is interrupted has none."""
    return {name: digest for name, digest in state.parts.items() if name not in run}
