"""What facts about a cluster mean."""

import json
from typing import Any

import pytest

from slurm_appliance.cluster_check.judge import CheckVerdict, judge

NODES = frozenset({"c-0", "c-1"})


def said(out: str = "", status: int = 0, err: str = "") -> dict[str, Any]:
    return {"status": status, "out": out, "err": err, "seconds": 1.0}


def targets(**health: str) -> dict[str, Any]:
    names = {"ctl": "up", "c-0": "up", "c-1": "up"} | {name.replace("_", "-"): each for name, each in health.items()}
    active = [
        {"labels": {"job": "node", "instance": name}, "health": each, "lastError": "" if each == "up" else "no answer"}
        for name, each in names.items()
        if each != "gone"
    ]
    return said(json.dumps({"data": {"activeTargets": active}}))


def facts(**changes: Any) -> dict[str, Any]:
    numbers = json.dumps({"ranks": 2, "latency_us": 12.5, "bandwidth_mb_s": 900.4})
    good = {
        "nodes": said("c-0|idle|none\nc-1|mixed|none\n"),
        "uid": said("2001\n"),
        "marker": said(),
        "token": "17.5",
        "across": said("c-0|2001|17.5|7\nc-1|2001|17.5|7\n"),
        "sacct": said("7|COMPLETED\n"),
        "copy": said("c-0 4000\nc-1 5000\n"),
        "hpl": said("c-0 48.1\nc-1 47.9\n"),
        "pingpong": said(f"some warning\n{numbers}\n"),
        "targets": targets(),
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def failed(found: dict[str, Any], *, accounting: bool = True) -> dict[str, str]:
    rows = judge(found, NODES, NODES | {"ctl"}, user="alice", accounting=accounting)
    return {row.check: row.why for row in rows if row.verdict is CheckVerdict.FAIL}


def test_a_good_cluster_passes_everything() -> None:
    rows = judge(facts(), NODES, NODES | {"ctl"}, user="alice", accounting=True)
    assert {row.verdict for row in rows} == {CheckVerdict.PASS}
    assert [row.why for row in rows if row.check == "MPI ping-pong"] == ["12.5 us, 900 MB/s between 2 ranks"]


@pytest.mark.parametrize(
    ("changes", "check", "why"),
    [
        (
            {"nodes": said("c-0|idle|none\nc-1|drained|health: / is full\n")},
            "nodes",
            "c-1 is drained: health: / is full",
        ),
        ({"nodes": said("c-0|idle|none\nc-1|idle*|none\n")}, "nodes", "c-1 is idle*: none"),
        ({"nodes": said("c-0|idle|none\n")}, "nodes", "c-1 is unknown to Slurm"),
        ({"nodes": said(status=1, err="no controller")}, "nodes", "sinfo: no controller"),
        ({"across": said("c-0|2001|17.5|7\n")}, "srun on all nodes", "no response from c-1"),
        ({"across": said(status=1, err="timed out")}, "srun on all nodes", "timed out"),
        ({"across": said("c-0|2001|17.5|7\nc-1|2002|17.5|7\n")}, "uid", "differs on c-1"),
        ({"across": said("c-0|2001|17.5|7\nc-1|2001||7\n")}, "home directory", "differs on c-1"),
        ({"sacct": said("7|RUNNING\n")}, "sacct", "7|RUNNING"),
        ({"sacct": None}, "sacct", "there was no job to search for"),
        ({"copy": said("c-0 4000\n")}, "memory bandwidth", "no result from c-1"),
        ({"hpl": said("c-0 48.1\n", status=1, err="residual")}, "HPL", "no result from c-1; residual"),
        ({"hpl": said(status=1, err="no nodes")}, "HPL", "no result from c-0, c-1; no nodes"),
        ({"pingpong": said(status=1, err="no pmix")}, "MPI ping-pong", "no pmix"),
        ({"targets": targets(c_1="down")}, "Prometheus", "c-1 is down: no answer"),
        ({"targets": targets(c_1="gone")}, "Prometheus", "c-1 is not monitored"),
        ({"targets": said(status=7, err="curl: refused")}, "Prometheus", "curl: refused"),
    ],
)
def test_what_is_wrong_fails_and_says_why(changes: dict[str, Any], check: str, why: str) -> None:
    assert failed(facts(**changes))[check] == why


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ("c-0 48.1\nc-1 47.9\n", "47.9 to 48.1 GFLOP/s per process, 2 nodes"),
        ("c-0 48.1\nc-1 47.9\nc-2 31.5\n", "31.5 to 48.1 GFLOP/s per process, 3 nodes; c-2 reaches 31.5"),
    ],
)
def test_a_slow_node_is_named(numbers: str, why: str) -> None:
    rows = judge(facts(hpl=said(numbers)), NODES, NODES | {"ctl"}, user="alice", accounting=True)
    assert [(row.verdict, row.why) for row in rows if row.check == "HPL"] == [(CheckVerdict.PASS, why)]


def test_ranks_that_do_not_find_each_other_fail() -> None:
    alone = said(json.dumps({"ranks": 1, "latency_us": 1, "bandwidth_mb_s": 1}))
    assert "1 ranks" in failed(facts(pingpong=alone))["MPI ping-pong"]


def test_what_the_configuration_leaves_out_is_no_failure() -> None:
    only_nodes = {"nodes": said("c-0|idle|none\nc-1|idle|none\n")}
    rows = judge(only_nodes, NODES, NODES | {"ctl"}, user="", accounting=True)
    assert [row.verdict for row in rows] == [CheckVerdict.PASS] + [CheckVerdict.LEFT_OUT] * 5
    assert failed(facts(sacct=None), accounting=False) == {}
