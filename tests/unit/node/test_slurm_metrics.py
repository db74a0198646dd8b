"""Slurm's words as metrics."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from node.slurm_metrics import __main__ as program
from node.slurm_metrics.metrics import job_metrics, node_metrics, render

NODES = """\
c-0|batch*|idle|0/2/0/2|900
c-0|long|idle|0/2/0/2|900
c-1|batch*|down*|0/0/2/2|N/A
c-2|batch*|mixed@|1/1/0/2|5
"""
JOBS = "batch|RUNNING|1|2026\nbatch|RUNNING|2|2026\nlong|PENDING|1|2026\n"


def test_a_node_counts_once_and_by_its_plain_state() -> None:
    metrics = node_metrics(NODES)
    assert metrics["slurm_nodes", (("state", "idle"),)] == 1
    assert metrics["slurm_nodes", (("state", "mixed"),)] == 1
    assert metrics["slurm_nodes", (("state", "down"),)] == 1
    assert metrics["slurm_nodes_not_responding", ()] == 1
    assert metrics["slurm_cpus", (("kind", "total"),)] == 6


def test_jobs_count_by_partition_and_state() -> None:
    assert job_metrics(JOBS) == {
        ("slurm_jobs", (("partition", "batch"), ("state", "running"))): 2,
        ("slurm_jobs", (("partition", "long"), ("state", "pending"))): 1,
    }


def test_the_text_is_what_prometheus_reads() -> None:
    text = render({("slurm_up", ()): 1.0, ("slurm_nodes", (("state", 'a"b'),)): 2.0})
    assert text.splitlines() == [
        "# HELP slurm_nodes Nodes by state.",
        "# TYPE slurm_nodes gauge",
        'slurm_nodes{state="a\\"b"} 2',
        "# HELP slurm_up Whether the controller responded.",
        "# TYPE slurm_up gauge",
        "slurm_up 1",
    ]


def test_without_a_controller_only_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "SINFO", ("false",))
    monkeypatch.setattr(sys, "argv", ["slurm-metrics", str(tmp_path / "slurm.prom")])
    assert program.main() == 0
    assert (tmp_path / "slurm.prom").read_text().endswith("slurm_up 0\n")
    assert (tmp_path / "slurm.prom").stat().st_mode & 0o777 == 0o644
