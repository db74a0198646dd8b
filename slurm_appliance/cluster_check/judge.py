"""Judges the facts: one row per check with verdict and reason. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any


class CheckVerdict(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class CheckRow:
    """One check.

    Attributes:
        check: name of the check.
        verdict: its verdict.
        why: the findings.
        seconds: its duration in seconds.
    """

    check: str
    verdict: CheckVerdict
    why: str
    seconds: float = 0.0


#: Nodes below this fraction of the median are reported: jobs on many nodes wait for them.
_SLOW = 0.7

#: States in which a node accepts jobs.
_GOOD_STATES = frozenset({"idle", "mixed", "allocated", "completing"})


def judge(
    facts: Mapping[str, Any], expected: frozenset[str], watched: frozenset[str], *, user: str, accounting: bool
) -> list[CheckRow]:
    """All rows.

    Args:
        facts: from ``remote.facts`` and ``targets.targets``.
        expected: names of the compute nodes in the inventory.
        watched: names of all nodes that Prometheus must monitor.
        user: the ordinary user that jobs ran as; empty if there is none.
        accounting: whether accounting is enabled.
    """
    return [
        _nodes(facts["nodes"], expected),
        *_jobs(facts, expected, user, accounting),
        *_performance(facts, expected),
        _monitoring(facts.get("targets"), watched),
    ]


def _nodes(said: Mapping[str, Any], expected: frozenset[str]) -> CheckRow:
    if said["status"]:
        return CheckRow("nodes", CheckVerdict.FAIL, f"sinfo: {_words(said)}", said["seconds"])
    states = {name: (state.rstrip("*$@+~#!%-^"), state, why) for name, state, why in _table(said["out"], 3)}
    bad = [f"{name} is unknown to Slurm" for name in sorted(expected - states.keys())]
    bad += [
        f"{name} is {state}: {why}"
        for name, (plain, state, why) in sorted(states.items())
        if plain not in _GOOD_STATES or state.endswith("*")
    ]
    verdict = CheckVerdict.FAIL if bad else CheckVerdict.PASS
    return CheckRow("nodes", verdict, "; ".join(bad[:5]) or f"{len(states)} accept jobs", said["seconds"])


def _jobs(facts: Mapping[str, Any], expected: frozenset[str], user: str, accounting: bool) -> Iterator[CheckRow]:
    if not user:
        yield CheckRow("jobs", CheckVerdict.LEFT_OUT, "the configuration has no users")
        return
    said = facts.get("across")
    if said is None:
        yield CheckRow("jobs", CheckVerdict.FAIL, "Slurm has no nodes")
        return
    lines = {name: (uid, token, job) for name, uid, token, job in _table(said["out"], 4)}
    missing = sorted(expected - lines.keys())
    if said["status"] or missing:
        yield CheckRow(
            "srun on all nodes",
            CheckVerdict.FAIL,
            _words(said) or f"no response from {', '.join(missing)}",
            said["seconds"],
        )
    else:
        yield CheckRow("srun on all nodes", CheckVerdict.PASS, f"{len(lines)} nodes as {user}", said["seconds"])
    uid = facts["uid"]["out"].strip()
    yield _same("uid", {name: line[0] for name, line in lines.items()}, uid)
    yield _same(
        "home directory", {name: line[1] for name, line in lines.items()}, facts["token"], "visible on all nodes"
    )
    if not accounting:
        yield CheckRow("sacct", CheckVerdict.LEFT_OUT, "the configuration has no accounting")
        return
    accounted = facts.get("sacct")
    if accounted is None:
        yield CheckRow("sacct", CheckVerdict.FAIL, "there was no job to search for")
    elif "COMPLETED" in accounted["out"]:
        yield CheckRow(
            "sacct", CheckVerdict.PASS, accounted["out"].split("\n")[0].replace("|", " "), accounted["seconds"]
        )
    else:
        yield CheckRow(
            "sacct", CheckVerdict.FAIL, accounted["out"].strip() or _words(accounted) or "has no record of the job"
        )


def _performance(facts: Mapping[str, Any], expected: frozenset[str]) -> Iterator[CheckRow]:
    off = "features.hpctests is off, or jobs cannot run"
    yield _speeds("memory bandwidth", facts.get("copy"), expected, "MB/s", off)
    yield _speeds("HPL", facts.get("hpl"), expected, "GFLOP/s", f"no hpcc in the image, {off}")
    said = facts.get("pingpong")
    if said is None:
        yield CheckRow(
            "MPI ping-pong", CheckVerdict.LEFT_OUT, "one node, no MPI in the image, or features.hpctests is off"
        )
        return
    try:
        numbers = json.loads(said["out"].strip().splitlines()[-1])
    except (IndexError, ValueError):
        yield CheckRow("MPI ping-pong", CheckVerdict.FAIL, _words(said) or "no numbers", said["seconds"])
        return
    verdict = CheckVerdict.PASS if numbers["ranks"] == 2 and not said["status"] else CheckVerdict.FAIL
    why = f"{numbers['latency_us']:.1f} us, {numbers['bandwidth_mb_s']:.0f} MB/s between {numbers['ranks']} ranks"
    yield CheckRow("MPI ping-pong", verdict, why, said["seconds"])


def _speeds(check: str, said: Mapping[str, Any] | None, expected: frozenset[str], unit: str, left_out: str) -> CheckRow:
    """The result of one process per node, from lines with a node name and a number."""
    if said is None:
        return CheckRow(check, CheckVerdict.LEFT_OUT, left_out)
    words = [line.split() for line in said["out"].splitlines()]
    found = {each[0]: float(each[1]) for each in words if len(each) == 2}
    missing = sorted(expected - found.keys())
    if missing:
        why = "; ".join(part for part in (f"no result from {', '.join(missing[:5])}", _words(said)) if part)
        return CheckRow(check, CheckVerdict.FAIL, why, said["seconds"])
    usual = median(found.values())
    slow = [f"{name} reaches {value:g}" for name, value in sorted(found.items()) if value < _SLOW * usual]
    range_ = f"{min(found.values()):g} to {max(found.values()):g} {unit} per process, {len(found)} nodes"
    return CheckRow(check, CheckVerdict.PASS, "; ".join([range_, *slow[:5]]), said["seconds"])


def _monitoring(said: Mapping[str, Any] | None, watched: frozenset[str]) -> CheckRow:
    if said is None:
        return CheckRow("Prometheus", CheckVerdict.LEFT_OUT, "features.monitoring is off")
    if said["status"]:
        return CheckRow("Prometheus", CheckVerdict.FAIL, _words(said), said["seconds"])
    found = json.loads(said["out"])["data"]["activeTargets"]
    missing = watched - {each["labels"]["instance"] for each in found if each["labels"]["job"] == "node"}
    bad = [f"{name} is not monitored" for name in sorted(missing)]
    bad += sorted(
        f"{each['labels']['instance']} is {each['health']}: {each['lastError']}"
        for each in found
        if each["health"] != "up"
    )
    why = "; ".join(bad[:5]) or f"{len(found)} targets are up"
    return CheckRow("Prometheus", CheckVerdict.FAIL if bad else CheckVerdict.PASS, why, said["seconds"])


def _same(check: str, found: Mapping[str, str], wanted: str, words: str = "") -> CheckRow:
    other = sorted(name for name, value in found.items() if value != wanted)
    if not found or other:
        return CheckRow(check, CheckVerdict.FAIL, f"differs on {', '.join(other[:5]) or 'any node'}")
    return CheckRow(check, CheckVerdict.PASS, words or f"{wanted} everywhere")


def _table(text: str, columns: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        parts = line.split("|")
        if len(parts) == columns:
            yield parts


def _words(said: Mapping[str, Any]) -> str:
    text = " ".join(str(said["err"]).split())
    return text[-300:] or (f"exit status {said['status']}" if said["status"] else "")
