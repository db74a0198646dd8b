"""The state volume says which version of Slurm its state is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.slurm_files.record import Record


@pytest.mark.parametrize("text", ["", "[]", '"24.11"', "{"])
def test_a_record_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text)

    assert Record(tmp_path / "record").versions == {}


def test_each_daemon_has_a_version_of_its_own(tmp_path: Path) -> None:
    record = Record(tmp_path / "record")
    record.note("slurmctld", "slurm-wlm 22.05.8")
    record.note("slurmdbd", "slurm-wlm 23.11.4")

    assert record.versions == {"slurmctld": "22.05.8", "slurmdbd": "23.11.4"}
    assert list(tmp_path.iterdir()) == [tmp_path / "record"]
