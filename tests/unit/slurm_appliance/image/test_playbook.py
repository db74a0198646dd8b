"""The playbook's run by the real ansible-runner and ansible-playbook, with an inventory that needs no server."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud.host.waiting import wait_for
from slurm_appliance.image import playbook
from slurm_appliance.image.errors import BuildError, StoppedError
from slurm_appliance.image.playbook import inventory_of
from slurm_appliance.image.spec import GROUPS
from slurm_appliance.image.ssh import SshTarget
from slurm_appliance.image.stop import Deadline
from slurm_appliance.playbooks.run import message
from slurm_appliance.playbooks.workers import processes_of_run
from slurm_appliance.site_layer.layers import SiteLayer
from tests.unit.slurm_appliance.site_layer.trees import layer_of
from toolchain.paths import REPOSITORY

SECRET = "s3cret-of-the-mirror"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs tasks on this machine in place of a build server."""
    ansible = tmp_path / "project"
    ansible.mkdir()
    (ansible / "ansible.cfg").write_text(f"[defaults]\nlocal_tmp={tmp_path}/t\n")
    monkeypatch.setattr(playbook, "ANSIBLE", ansible)
    monkeypatch.setenv("OS_PASSWORD", SECRET)
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    monkeypatch.setattr(
        playbook, "inventory_of", lambda _door, _groups: {"all": {"hosts": {"builder": host}, "children": {}}}
    )
    folder = tmp_path / "build"
    folder.mkdir()

    def go(*tasks: dict[str, Any], deadline: Deadline | None = None, layer: SiteLayer | None = None) -> list[str]:
        plays = [{"name": "Prepare: do it", "hosts": "all", "gather_facts": False, "tasks": list(tasks)}]
        (ansible / "fatimage.yml").write_text(json.dumps(plays))
        lines: list[str] = []
        ssh_target = SshTarget(tmp_path / "config", "build-1")
        playbook.run(
            folder, ssh_target, ("compute",), {"secret": SECRET}, deadline or Deadline(60, "it"), lines.append, layer
        )
        return lines

    go.folder = folder  # type: ignore[attr-defined]
    return go


def artifacts(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file() and path.suffix != ".fact"}


def test_plays_are_told_everything_is_in_the_log_and_no_secret_is_anywhere(run: Any) -> None:
    lines = run(
        {"name": "Say it", "ansible.builtin.debug": {"msg": "hello"}},
        {"name": "Use it", "ansible.builtin.debug": {"msg": "{{ secret | length }}"}},
        {"name": "Hide it", "ansible.builtin.command": "echo {{ secret }}", "no_log": True},
    )
    assert len(lines) == 1
    assert lines[0].endswith("prepare: do it")
    log = (run.folder / "ansible.log").read_text()
    assert "TASK [Say it]" in log
    assert "hello" in log
    assert "\x1b[" not in log
    for path, text in artifacts(run.folder).items():
        assert SECRET not in text, path
    assert os.environ["OS_PASSWORD"] == SECRET


def test_the_failed_task_its_node_and_its_words_are_in_the_error(run: Any) -> None:
    with pytest.raises(BuildError) as caught:
        run(
            {"name": "No matter", "ansible.builtin.fail": {"msg": "ignored"}, "ignore_errors": True},
            {"name": "Update", "ansible.builtin.command": "sh -c 'echo no such mirror >&2; exit 7'"},
        )
    assert caught.value.where == "fatimage.yml, host builder, task 'Update'"
    assert "no such mirror" in caught.value.what
    assert str(run.folder / "ansible.log") in caught.value.remedy


def test_a_playbook_that_does_not_start_is_an_error_too(run: Any) -> None:
    with pytest.raises(BuildError, match=r"ansible-playbook: failed"):
        run({"name": "Nonsense", "no.such.module": {}})


def test_the_run_ends_when_the_build_is_to_end(run: Any, tmp_path: Path) -> None:
    deadline = Deadline(60, "it")
    marker = tmp_path / "running"
    code = textwrap.dedent(f"""
        import pathlib, os, signal, time
        end = time.monotonic() + 30
        while not pathlib.Path({str(marker)!r}).exists() and time.monotonic() < end:
            time.sleep(0.05)
        os.kill({os.getpid()}, signal.SIGUSR1)
    """)
    before = signal.signal(signal.SIGUSR1, lambda *_: deadline.set(StoppedError("interrupted")))
    watcher = subprocess.Popen([sys.executable, "-c", code])
    started = time.monotonic()
    try:
        with pytest.raises(StoppedError):
            run({"name": "Long", "ansible.builtin.shell": f"touch {marker}; exec sleep 600"}, deadline=deadline)
    finally:
        watcher.wait(60)
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - started < 60
    assert wait_for(lambda: not processes_of_run(run.folder), 10), "workers of Ansible have sessions of their own"


def test_the_inventory_has_every_group_and_the_server_in_those_of_the_image(tmp_path: Path) -> None:
    file = tmp_path / "hosts.json"
    file.write_text(json.dumps(inventory_of(SshTarget(tmp_path / "c", "build-1"), ("login", "dev", "gpu"))))
    program = Path(sys.executable).with_name("ansible-inventory")
    done = subprocess.run(
        [program, "--inventory", file, "--list"],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY / "ansible",
        env={**os.environ, "ANSIBLE_CONFIG": "ansible.cfg", "PYTHONWARNINGS": "ignore"},
    )
    seen = json.loads(done.stdout)
    assert {group for group in GROUPS if "builder" in seen.get(group, {}).get("hosts", [])} == {"login", "dev"}
    assert seen["gpu"]["hosts"] == ["builder"]
    assert seen["_meta"]["hostvars"]["builder"]["ansible_host"] == "build-1"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"msg": "failed"}, "failed"),
        ({"msg": "non-zero return code", "stderr": "disk full"}, "non-zero return code: disk full"),
        ({"msg": "E: x\n", "stderr": "E: x"}, "E: x"),
        ({"censored": "hidden"}, "hidden"),
        ({}, "no message"),
        ({"msg": "one failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "bad"}]}, "bad"),
    ],
)
def test_what_a_failed_task_said(result: dict[str, Any], said: str) -> None:
    assert message(result) == said


def test_a_build_has_the_layers_variables_files_and_places_of_hooks(run: Any, tmp_path: Path) -> None:
    layer = layer_of(
        tmp_path / "own",
        {"site/hooks/image/post.yml": "[]", "site/files/motd": "own", "site/group_vars/all.yml": "word: from-layer\n"},
    )
    seen = tmp_path / "seen"
    say = "{{ word }} {{ lookup('file', site_layer_files ~ '/motd') }} {{ lookup('env', 'SLURM_APPLIANCE_HOOKS') }}"
    run({"name": "Say", "ansible.builtin.copy": {"dest": str(seen), "content": say}}, layer=layer)
    word, motd, hooks = seen.read_text().split()
    assert (word, motd) == ("from-layer", "own")
    assert Path(hooks).is_relative_to(run.folder)
