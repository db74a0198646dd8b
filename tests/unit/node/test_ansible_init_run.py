"""ansible-init from start to result file, with the real ansible-playbook where its behaviour matters."""

import ast
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from node.ansible_init import playbook, result
from node.ansible_init.metadata import Metadata, MetadataError, MetadataSource
from node.ansible_init.result import PlaybookResult, Result
from node.ansible_init.run import AnsibleInitSettings, decide, main

REPOSITORY = Path(__file__).parents[3]
SERVER = Metadata("server-1", "demo-compute-0", {"compute": "true"})


@dataclass(frozen=True)
class Known(MetadataSource):
    """A source that knows its answer, or fails with it."""

    answer: Metadata | str = field(default=SERVER)

    def read(self, log: Callable[[str], None]) -> Metadata:  # noqa: ARG002 - the signature is Source's
        if isinstance(self.answer, str):
            raise MetadataError(self.answer)
        return self.answer


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
        Known(), tmp_path / "playbooks", tmp_path / "var" / "result.json", tmp_path / "image.json", str(fake)
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


def test_playbooks_run_in_the_order_of_their_names_and_the_result_says_done(settings: AnsibleInitSettings) -> None:
    for name in ("20-second.yml", "10-first.yaml", "README", "30-third.yml"):
        (settings.playbooks / name).write_text("")
    status, lines = go(settings)
    assert status == 0
    assert lines[0] == "run: first boot of this image"
    assert [call[0] for call in calls(settings)] == ["10-first.yaml", "20-second.yml", "30-third.yml"]
    assert calls(settings)[0][1] == {
        "ansible_init_instance_id": "server-1",
        "ansible_init_server_name": "demo-compute-0",
        "ansible_init_metadata": {"compute": "true"},
        "ansible_init_image_build": "b-1",
    }
    assert calls(settings)[0][2] == "0o700"
    found = written(settings)
    assert (found.status, found.step, found.error) == ("done", "", "")
    assert (found.instance_id, found.image_build) == ("server-1", "b-1")
    assert [step.playbook for step in found.steps] == ["10-first.yaml", "20-second.yml", "30-third.yml"]
    assert found.started < found.ended
    assert stat.S_IMODE(settings.result.stat().st_mode) == 0o644
    assert [each.name for each in settings.result.parent.iterdir()] == ["result.json"]


def test_the_first_failure_ends_the_run_and_is_named(settings: AnsibleInitSettings) -> None:
    for name, text in {"10-a.yml": "", "20-b.yml": "fail", "30-c.yml": ""}.items():
        (settings.playbooks / name).write_text(text)
    status, lines = go(settings)
    assert status == 1
    found = written(settings)
    assert (found.status, found.step) == ("failed", "20-b.yml")
    assert "exit status 3" in found.error
    assert [(step.playbook, step.status) for step in found.steps] == [("10-a.yml", "done"), ("20-b.yml", "failed")]
    assert lines[-1].startswith("failed: 20-b.yml: ")


def test_a_failed_run_can_be_started_again_and_a_done_one_does_nothing(settings: AnsibleInitSettings) -> None:
    book = settings.playbooks / "10-a.yml"
    book.write_text("fail")
    assert go(settings)[0] == 1
    book.write_text("")
    status, lines = go(settings)
    assert status == 0
    assert lines[0] == "run: the last run failed in 10-a.yml"
    before = settings.result.read_bytes()
    status, lines = go(settings)
    assert status == 0
    assert lines[0].startswith("leave: already done at ")
    assert settings.result.read_bytes() == before
    assert len(calls(settings)) == 2


@pytest.mark.parametrize("change", ["server", "image"])
def test_a_result_that_came_with_a_copied_disk_does_not_count(settings: AnsibleInitSettings, change: str) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    assert go(settings)[0] == 0
    if change == "server":
        settings = replace(settings, source=Known(answer=Metadata("server-2")))
    else:
        settings.image.write_text('{"build": "b-2"}')
    _, lines = go(settings)
    assert lines[0] == "run: the last result belongs to another server or image"
    assert len(calls(settings)) == 2


def test_a_build_server_is_left_alone_and_its_image_runs_later(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    status, lines = go(replace(settings, source=Known(answer=Metadata("b", meta={"ansible_init_disable": "true"}))))
    assert status == 0
    assert lines == ["skip: metadata ansible_init_disable=true"]
    assert written(settings).status == "skipped"
    assert written(settings).reason == "metadata ansible_init_disable=true"
    assert go(settings)[0] == 0
    assert written(settings).status == "done"
    assert written(settings).reason == ""


def test_an_image_without_playbooks_says_so(settings: AnsibleInitSettings) -> None:
    assert go(settings)[0] == 0
    assert written(settings).reason == "the image has no playbooks for ansible-init"


def test_no_metadata_is_a_failure_but_takes_nothing_back(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    away = replace(settings, source=Known(answer="no metadata in 300 s"))
    assert go(away)[0] == 1
    assert (written(settings).status, written(settings).step) == ("failed", "metadata")
    assert written(settings).error == "no metadata in 300 s"
    assert go(settings)[0] == 0
    status, lines = go(away)
    assert status == 0
    assert lines[0].startswith("leave: done at ")
    assert written(settings).status == "done"


def test_a_missing_ansible_playbook_is_a_failure_with_its_name(settings: AnsibleInitSettings) -> None:
    (settings.playbooks / "10-a.yml").write_text("")
    assert go(replace(settings, program="/nowhere/ansible-playbook"))[0] == 1
    assert written(settings).error == "cannot start /nowhere/ansible-playbook: No such file or directory"


def test_an_unexpected_error_is_written_down_before_it_shows(
    settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.playbooks / "10-a.yml").write_text("")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(playbook, "run", broken)
    with pytest.raises(ZeroDivisionError):
        go(settings)
    assert written(settings).error.startswith("unexpected ZeroDivisionError")


DECISIONS: list[tuple[str, dict[str, str], Result | None, list[str], str, str]] = [
    ("first boot", {}, None, ["a.yml"], "run", "first boot of this image"),
    ("cut off", {}, Result("running", "t", instance_id="s", image_build="i"), ["a.yml"], "run", "was interrupted"),
    ("skipped before", {}, Result("skipped", "t", reason="r", instance_id="s", image_build="i"), ["a"], "run", ": r"),
    ("done", {}, Result("done", "t", "e", instance_id="s", image_build="i"), ["a.yml"], "leave", "already done at e"),
    (
        "done and now disabled",
        {"ansible_init_disable": "true"},
        Result("done", "t", "e", instance_id="s", image_build="i"),
        ["a.yml"],
        "leave",
        "already done",
    ),
    ("disabled", {"ansible_init_disable": "TRUE"}, None, ["a.yml"], "skip", "ansible_init_disable=TRUE"),
    ("disable is false", {"ansible_init_disable": "false"}, None, ["a.yml"], "run", "first boot"),
    ("no playbooks", {}, None, [], "skip", "no playbooks"),
]


@pytest.mark.parametrize(
    ("meta", "former", "books", "kind", "why"), [d[1:] for d in DECISIONS], ids=[d[0] for d in DECISIONS]
)
def test_decisions(meta: dict[str, str], former: Result | None, books: list[str], kind: str, why: str) -> None:
    action = decide(Metadata("s", meta=meta), former, "i", books)
    assert action.kind == kind
    assert why in action.reason


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


# The real ansible-playbook.


@pytest.fixture
def real(settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AnsibleInitSettings:
    program = Path(sys.executable).with_name("ansible-playbook")
    assert program.exists(), "ansible-core belongs to the development environment"
    monkeypatch.setenv("ANSIBLE_LOCAL_TEMP", str(tmp_path / "ansible"))
    return replace(settings, program=str(program))


def write_playbook(settings: AnsibleInitSettings, name: str, *tasks: dict[str, Any]) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "name": "Test", "tasks": list(tasks)}
    (settings.playbooks / name).write_text(json.dumps([play]))


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
    assert error.startswith("task 'Mount the share' (")
    assert "10-a.yml:1)" in error
    assert error.endswith(": server server-1 is away")


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
    assert written(real).error.endswith(": item b")


def test_a_playbook_that_does_not_parse_is_explained(real: AnsibleInitSettings) -> None:
    (real.playbooks / "10-a.yml").write_text("- hosts: localhost\n  tasks: 5\n")
    assert go(real)[0] == 1
    assert "no task failed" in written(real).error


def test_sigterm_ends_the_playbook_and_is_the_result(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "10-long.yml").write_text("")
    long = tmp_path / "long"
    long.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    long.chmod(0o755)
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from node.ansible_init.metadata import Metadata, MetadataSource
        from node.ansible_init.run import AnsibleInitSettings, main
        class Known(MetadataSource):
            def read(self, log):
                return Metadata("server-1")
        folder = Path({str(tmp_path)!r})
        files = [folder / name for name in ("playbooks", "result.json", "none")]
        settings = AnsibleInitSettings(Known(), *files, {str(long)!r})
        sys.exit(main(settings, print))
    """)
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    try:
        end = time.monotonic() + 20
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < end, "the playbook was not started in 20 s"
            time.sleep(0.02)
        now = result.read(tmp_path / "result.json")
        assert now is not None
        assert (now.status, now.step) == ("running", "10-long.yml")
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 1
    finally:
        child.kill()
        child.wait()
    found = result.read(tmp_path / "result.json")
    assert found is not None
    assert (found.status, found.step) == ("failed", "10-long.yml")
    assert found.error.startswith("stopped by SIGTERM")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_sigterm_while_a_playbook_starts_leaves_none_behind(
    settings: AnsibleInitSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.playbooks / "10-long.yml").write_text("")
    long = settings.image.with_name("long")
    long.write_text("#!/bin/sh\nexec sleep 600\n")
    long.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    class Slow(subprocess.Popen[bytes]):
        """The signal comes when the child runs already, and nobody has a handle of it yet."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    try:
        assert go(replace(settings, program=str(long)))[0] == 1
        (child,) = started
        assert child.returncode == -signal.SIGTERM
    finally:
        for each in started:
            each.kill()
            each.wait()
    assert written(settings).error.startswith("stopped by SIGTERM")


def test_the_package_runs_where_nothing_but_node_is(tmp_path: Path) -> None:
    """Installed in an image there is no checkout: no other package of this one may be needed."""
    shutil.copytree(REPOSITORY / "node", tmp_path / "node", ignore=shutil.ignore_patterns("__pycache__"))
    code = "import node.ansible_init.run, sys; print([m for m in sys.modules if m.split('.')[0] == 'slurm_appliance'])"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "node").rglob("*.py")), ids=lambda path: path.name)
def test_programs_on_the_nodes_parse_as_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))


def test_what_a_playbook_creates_is_for_everybody_however_private_its_caller_is(tmp_path: Path) -> None:
    program = tmp_path / "ansible-playbook"
    program.write_text("#!/bin/sh\nmkdir made\n")
    program.chmod(0o755)
    former = os.umask(0o077)
    try:
        playbook.run(tmp_path / "site.yml", {}, str(program))
    finally:
        os.umask(former)

    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o755


def test_the_longest_error_is_cut(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(json.dumps({"task": "t", "path": "", "message": "x\n" * 5000}))
    assert len(playbook.explain(2, tmp_path / "f")) < 450
