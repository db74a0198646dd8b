"""The file that says how a run went."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.ansible_init import result
from node.ansible_init.result import PlaybookResult, Result


@pytest.mark.parametrize("content", ["", "{", "[]", '{"status": "done", "schema": 99}'])
def test_a_result_that_is_not_understood_is_no_result(tmp_path: Path, content: str) -> None:
    (tmp_path / "result.json").write_text(content)
    assert result.read(tmp_path / "result.json") is None


def test_a_result_reads_back_as_written_and_ignores_keys_of_later_versions(tmp_path: Path) -> None:
    path = tmp_path / "a" / "result.json"
    one = Result(
        "failed", "t0", "t1", "", "10-a.yml", "e", "s", "i", "boot", (PlaybookResult("10-a.yml", "failed", 1.5),)
    )
    result.write(path, one)
    path.write_text(json.dumps({**json.loads(path.read_text()), "added_later": 1}))
    assert result.read(path) == one
