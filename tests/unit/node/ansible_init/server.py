"""A server with an image: playbooks, a stand-in for ansible-playbook, and the file that says how a run went."""

from __future__ import annotations

import json
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from node.ansible_init import result
from node.ansible_init.metadata import Metadata
from node.ansible_init.result import Result
from node.ansible_init.run import AnsibleInitSettings, main
from tests.unit.node.known_metadata import Known

SERVER = Metadata("server-1", "demo-compute-0", {"compute": "true"})


@pytest.fixture
def settings(tmp_path: Path) -> AnsibleInitSettings:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "image.json").write_text('{"build": "b-1"}')
    fake = tmp_path / "ansible-playbook"
    # Writes down which playbook it was given and which variables; fails where the playbook says so.
    fake.write_text(
        textwrap.dedent(f"""\
        #!{sys.executable}
        import json, os, pathlib, sys
        folder = pathlib.Path({str(tmp_path)!r})
        book = pathlib.Path(sys.argv[-1])
        variables = sys.argv[sys.argv.index("--extra-vars") + 1][1:]
        mode = oct(os.stat(os.path.dirname(variables)).st_mode & 0o777)
        with open(folder / "calls.jsonl", "a") as file:
            print(json.dumps([book.name, json.load(open(variables)), mode]), file=file)
        sys.exit(3 if "fail" in book.read_text() else 0)
        """)
    )
    fake.chmod(0o755)
    return AnsibleInitSettings(
        Known(answer=SERVER),
        tmp_path / "playbooks",
        tmp_path / "var" / "result.json",
        tmp_path / "image.json",
        str(fake),
    )


def calls(settings: AnsibleInitSettings) -> list[Any]:
    record = settings.image.with_name("calls.jsonl")
    return [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []


def written(settings: AnsibleInitSettings) -> Result:
    found = result.read(settings.result)
    assert found is not None
    return found


def go(settings: AnsibleInitSettings) -> tuple[int, list[str]]:
    lines: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    try:
        return main(settings, lines.append), lines
    finally:
        signal.signal(signal.SIGTERM, before)
