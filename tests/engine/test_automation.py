"""The four operations through our automation module: outcomes, events, and errors that say what to do."""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from pulumi.automation import EngineEvent
from pulumi_command import local

from slurm_appliance.engine import automation
from slurm_appliance.engine.automation import EngineError
from tests.engine.pulumi_fixtures import Project, backend_variables
from toolchain.ensure import Toolchain


def program() -> None:
    for name in ("first", "second"):
        local.Command(name, create=f"echo {name}")
    pulumi.export("stack", pulumi.get_stack())


def test_a_stack_goes_through_its_life(toolchain: Toolchain, stack_folders: Callable[[], Path]) -> None:
    folder = stack_folders()
    variables = backend_variables(folder)
    stack = automation.open_stack(
        "test", toolchain, variables=variables, folder=folder, program=program, project="life"
    )
    events: list[EngineEvent] = []
    lines: list[str] = []

    preview = automation.run(stack, "preview", on_event=events.append, on_output=lines.append)
    assert preview.changes == {"create": 3}
    assert not preview.unchanged
    assert tuple(events) == preview.events
    assert any("first" in line for line in lines)

    assert automation.run(stack, "up").changes == {"create": 3}
    assert automation.run(stack, "up").unchanged
    assert automation.run(stack, "refresh").unchanged

    first = next(
        event.resource_pre_event.metadata.urn
        for event in events
        if event.resource_pre_event and event.resource_pre_event.metadata.urn.endswith("::first")
    )
    again = automation.open_stack(
        "test", toolchain, variables=variables, folder=folder, program=program, project="life"
    )
    assert automation.run(again, "destroy", targets=[first]).changes == {"delete": 1, "same": 2}
    assert automation.run(again, "destroy").changes == {"delete": 2}


def test_a_backend_out_of_reach_is_told_with_what_to_check(
    toolchain: Toolchain, stack_folders: Callable[[], Path]
) -> None:
    folder = stack_folders()
    variables = backend_variables(folder) | {"PULUMI_BACKEND_URL": "file:///no/such/folder"}
    with pytest.raises(EngineError, match="/no/such/folder") as failure:
        automation.open_stack("test", toolchain, variables=variables, folder=folder, program=program, project="no")
    assert "PULUMI_BACKEND_URL" in failure.value.remedy


def test_a_wrong_passphrase_is_told(toolchain: Toolchain, stack_folders: Callable[[], Path]) -> None:
    project = Project(stack_folders(), toolchain)
    project.write(step={"create": "true"})
    variables = backend_variables(project.folder) | {"PULUMI_CONFIG_PASSPHRASE": "wrong"}
    stack = automation.open_stack("test", toolchain, variables=variables, folder=project.folder)
    with pytest.raises(EngineError, match="incorrect passphrase"):
        automation.run(stack, "up")


def test_a_program_that_fails_is_told_with_its_error(toolchain: Toolchain, stack_folders: Callable[[], Path]) -> None:
    project = Project(stack_folders(), toolchain)
    (project.folder / "__main__.py").write_text("raise ValueError('a mistake in the program')")
    with pytest.raises(EngineError, match="a mistake in the program"):
        project.run("preview")


def test_a_locked_stack_is_told_with_the_way_out(toolchain: Toolchain, stack_folders: Callable[[], Path]) -> None:
    project = Project(stack_folders(), toolchain)
    project.write(step={"create": "true"})
    locks = project.folder / ".pulumi/locks/organization/plain/test"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "other.json").write_text('{"pid": 1, "username": "somebody", "hostname": "elsewhere"}')
    with pytest.raises(EngineError, match="another operation") as failure:
        project.run("up")
    assert "pulumi cancel" in failure.value.remedy
