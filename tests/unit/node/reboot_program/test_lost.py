"""Nodes that Slurm has not seen since they were booted."""

from __future__ import annotations

import os
from pathlib import Path

from node.reboot_program.lost import Lost


def test_the_worker_that_comes_after_knows_them(tmp_path: Path) -> None:
    lost = Lost(tmp_path / "lost")
    lost.add("c1", 10.0)
    lost.add("c2", 20.0)
    lost.remove("c2")
    lost.remove("never there")

    for each in (lost, Lost(tmp_path / "lost")):
        assert [each.since(node) for node in ("c1", "c2", "never there")] == [10.0, None, None]


def test_a_damaged_file_counts_from_when_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "c1.json").write_text('{"asked":')
    os.utime(tmp_path / "c1.json", (500.0, 500.0))
    Lost(tmp_path).add("c2", 20.0)

    lost = Lost(tmp_path)
    assert lost.since("c1") == 500.0
    assert lost.since("c2") == 20.0
