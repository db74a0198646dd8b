"""Files that several threads write."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from node.reboot_program import durable


def test_threads_that_write_one_file_leave_one_of_their_documents(tmp_path: Path) -> None:
    path = tmp_path / "c1.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: durable.write(path, {"number": number}), range(200)))
    assert json.loads(path.read_text())["number"] in range(200)
    assert [each.name for each in tmp_path.iterdir()] == ["c1.json"]
