"""What a failed playbook says of itself, with the real ansible-playbook where its behaviour matters."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from node.ansible_init import playbook
from node.ansible_init.run import AnsibleInitSettings
from tests.unit.node.ansible_init.server import go, written


@pytest.fixture
def real(settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AnsibleInitSettings:
    program = Path(sys.executable).with_name("ansible-playbook")
    assert program.exists(), "ansible-core belongs to the development environment"
    monkeypatch.setenv("ANSIBLE_LOCAL_TEMP", str(tmp_path / "ansible"))
    return replace(settings, program=str(program))


def write_playbook(settings: AnsibleInitSettings, name: str, *tasks: dict[str, Any]) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "name": "Test", "tasks": list(tasks)}
    (settings.playbooks / name).write_text(yaml.safe_dump([play]))


def test_the_failed_task_its_place_and_its_message_reach_the_result(real: AnsibleInitSettings) -> None:
    write_playbook(
        real,
        "10-a.yml",
        {"name": "Forgiven", "ansible.builtin.fail": {"msg": "no matter"}, "ignore_errors": True},
        {
            "block": [{"name": "Tried", "ansible.builtin.fail": {"msg": "rescued"}}],
            "rescue": [{"name": "Go on", "ansible.builtin.debug": {"msg": "on"}}],
        },
        {"name": "Mount the share", "ansible.builtin.fail": {"msg": "server {{ ansible_init_instance_id }} is away"}},
    )
    assert go(real)[0] == 1
    error = written(real).error
    # The message first: Slurm shows the beginning only, as the reason of a drained node.
    assert re.fullmatch(r"server server-1 is away \(task 'Mount the share', \S+/10-a\.yml:\d+\)", error)


def test_what_a_task_hides_stays_hidden(real: AnsibleInitSettings) -> None:
    write_playbook(real, "10-a.yml", {"name": "Log in", "no_log": True, "ansible.builtin.fail": {"msg": "s3cret"}})
    assert go(real)[0] == 1
    assert "s3cret" not in real.result.read_text()
    assert "no_log" in written(real).error


def test_a_loop_says_which_item_failed(real: AnsibleInitSettings) -> None:
    write_playbook(
        real,
        "10-a.yml",
        {
            "name": "Each",
            "ansible.builtin.fail": {"msg": "item {{ item }}"},
            "loop": ["a", "b"],
            "when": "item == 'b'",
        },
    )
    assert go(real)[0] == 1
    assert written(real).error.startswith("item b (task 'Each'")


def test_a_playbook_that_does_not_parse_is_explained(real: AnsibleInitSettings) -> None:
    (real.playbooks / "10-a.yml").write_text("- hosts: localhost\n  tasks: 5\n")
    assert go(real)[0] == 1
    assert written(real).step == "10-a.yml"
    assert "status 4" in written(real).error


def test_what_a_playbook_creates_is_for_everybody_however_private_its_caller_is(tmp_path: Path) -> None:
    program = tmp_path / "ansible-playbook"
    program.write_text("#!/bin/sh\nmkdir made\n")
    program.chmod(0o755)
    former = os.umask(0o077)
    try:
        playbook.run([tmp_path / "site.yml"], {}, str(program))
    finally:
        os.umask(former)

    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o755


def test_the_longest_error_is_cut(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(json.dumps({"task": "t", "path": "", "message": "x\n" * 5000}))
    assert len(playbook.explain(2, tmp_path / "f")) < 450
