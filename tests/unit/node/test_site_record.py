"""The record of what site.yml applied to a node: kept whole, for root only, and none where it is damaged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from node import site_record
from slurm_appliance.site.skipping import AppliedState


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_record, "HOST_KEY", tmp_path / "key.pub")
    monkeypatch.setattr(site_record, "ANSIBLE_INIT", tmp_path / "result.json")
    monkeypatch.setattr(site_record, "PACKAGES", (tmp_path / "key.pub",))


def test_a_record_is_for_root_only_and_read_again(tmp_path: Path) -> None:
    record = tmp_path / "run" / "site.json"
    first = AppliedState.of(site_record.node_state(record))
    assert (first.facts, first.parts, first.booted, first.packages) == ("", {}, False, ())
    (tmp_path / "key.pub").write_text("ssh-ed25519 A\n")
    (tmp_path / "result.json").write_text('{"status": "done"}')
    for parts in ({"motd": "1", "munge": "1"}, {"motd": "2"}):
        now = AppliedState.of(site_record.node_state(record))
        site_record.write(json.dumps(now.record(parts, "run")), record)
        said = AppliedState.of(site_record.node_state(record))
        assert (said.parts, said.facts, said.booted) == (parts, "run", True)
        assert said.packages == said.packages_then != ()
        assert said.host_key == "ssh-ed25519 A\n"
        assert record.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", '{"schema": 1, "parts": {"motd"', "[]", "{}"])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    record = tmp_path / "site.json"
    site_record.write(text, record)
    assert AppliedState.of(site_record.node_state(record)).parts == {}


def test_it_runs_without_being_installed() -> None:
    text = Path(site_record.__file__).read_text()
    ended = subprocess.run([sys.executable, "-I", "-c", text, "read"], capture_output=True, text=True, check=True)
    AppliedState.of(json.loads(ended.stdout))
