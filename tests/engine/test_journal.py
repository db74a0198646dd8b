"""The journal under the real engine: other users of the machine, and a disk that fills up."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pulumi.automation import EngineEvent

from slurm_appliance.engine import automation
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.journal.backend import Backend, journaled
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.layout import StateLayout
from tests.engine.pulumi_fixtures import Project, backend_variables
from toolchain.ensure import Toolchain

#: Asks for the state, and tries to replace it, with everything that somebody can guess; prints what came back.
_ATTACK = """
import http.client, json, sys
host, update = sys.argv[1:]
empty = {"version": 1, "kind": 5, "sequenceID": 999999, "operationID": 999999, "newSnapshot": {"manifest": {}}}
stack = "/api/stacks/organization/plain/test"
answers = []
for shown in ({}, {"Authorization": "token guessed"}, {"Authorization": "update-token lease"}):
    for method, path, body in (
        ("GET", f"{stack}/export", None),
        ("POST", f"{stack}/update", {}),
        ("PATCH", f"{stack}/update/{update}/journalentries", {"entries": [empty]}),
        ("POST", f"{stack}/update/{update}/complete", {"status": "succeeded"}),
    ):
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), shown)
        answer = connection.getresponse()
        answers.append([answer.status, answer.read().decode()])
        connection.close()
print(json.dumps(answers))
"""


def _run(project: Project, backend: Backend, toolchain: Toolchain, attack: Callable[[EngineEvent], None]) -> None:
    variables = backend_variables(project.folder) | backend.variables
    stack = automation.open_stack("test", toolchain, variables=variables, folder=project.folder)
    automation.run(stack, "up", on_event=attack)


def _created(toolchain: Toolchain, folder: Path) -> Project:
    """A project whose stack exists, with nothing in it."""
    project = Project(folder, toolchain)
    project.write()
    project.run("up")
    return project


def test_another_user_of_the_machine_reads_and_changes_nothing_while_up_runs(
    toolchain: Toolchain, stack_folders: Callable[[], Path]
) -> None:
    project = _created(toolchain, stack_folders())
    project.write(secret={"create": "echo hidden-from-strangers"}, other={"create": "echo other"})
    answers: list[list[str | int]] = []

    with journaled(StateLayout(project.folder, "plain", "test")) as backend:

        def interfere(event: EngineEvent) -> None:
            # Once something of this update is recorded.
            if answers or event.res_outputs_event is None:
                return
            head = json.loads(StateLayout(project.folder, "plain", "test").journal.read_text().partition("\n")[0])
            host = backend.variables["PULUMI_BACKEND_URL"].removeprefix("http://")
            # The system's Python: the user nobody may not be able to read ours.
            attack = ["/usr/bin/python3", "-c", _ATTACK, host, head["update"]]
            stranger = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
            ended = subprocess.run([*stranger, *attack], capture_output=True, text=True, check=True, cwd="/")
            answers.extend(json.loads(ended.stdout))

        _run(project, backend, toolchain, interfere)

    assert answers == [[401, '{"code": 401, "message": "access denied"}']] * 12
    assert {"secret", "other"} <= project.resources().keys()
    assert project.resources()["secret"]["outputs"]["stdout"] == "hidden-from-strangers"


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of its own on a folder; yields what changes its size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)

    def resize(new: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={new}", str(folder)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_stops_the_run_and_what_was_recorded_is_kept(
    toolchain: Toolchain, stack_folders: Callable[[], Path]
) -> None:
    folder = stack_folders()
    with _small_disk(folder / ".pulumi", "256k") as resize:
        project = _created(toolchain, folder)
        names = [f"step-{number:02}" for number in range(40)]
        project.write(**{name: {"create": f"echo {name} >> {folder}/made; printf %06000d"} for name in names})
        state = folder / ".pulumi/stacks/plain/test.json"
        before = state.read_bytes()
        with pytest.raises(JournalError) as failure, journaled(StateLayout(folder, "plain", "test")) as backend:
            _run(project, backend, toolchain, lambda _event: None)
        assert "No space left on device" in str(failure.value)
        assert "free space" in failure.value.remedy
        assert isinstance(failure.value.__context__, EngineError | OSError)
        assert state.read_bytes() == before
        kept = (folder / ".pulumi/journals/plain/test.jsonl").read_bytes()
        assert kept.endswith(b"\n")

        resize("8m")
        with journaled(StateLayout(folder, "plain", "test")) as backend:
            assert backend.recovered > 0
        recorded = project.resources().keys() & set(names)
        pending = json.loads(state.read_text())["checkpoint"]["latest"].get("pending_operations", [])
        begun = {each["resource"]["urn"].rpartition("::")[2] for each in pending}
        made = set((folder / "made").read_text().split())
        assert recorded
        assert made <= recorded | begun, "what was made and is not recorded is known as begun"
        assert made < set(names), "the run went on with a journal that could not be written"
