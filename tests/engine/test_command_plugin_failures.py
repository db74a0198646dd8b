"""The rules of command:local:Command when a command fails: what is recorded, what is said, what the next run does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.engine.automation import EngineError
from tests.engine.pulumi_fixtures import Project
from toolchain.ensure import Toolchain


@pytest.fixture
def project(toolchain_with_our_plugins: Toolchain, stack_folders: Callable[[], Path]) -> Project:
    return Project(stack_folders(), toolchain_with_our_plugins)


def test_a_failed_create_records_nothing_and_the_next_run_creates_again(project: Project) -> None:
    log, ok = project.folder / "log", project.folder / "ok"
    create = f"echo create >> {log}; echo some output; echo some problem >&2; test -e {ok} || exit 3"
    project.write(step={"create": create, "delete": f"echo delete >> {log}"})
    with pytest.raises(EngineError) as failure:
        project.run("up")
    assert failure.value.where.endswith("::step")
    for part in ("exit status 3", "some output", "some problem"):
        assert part in failure.value.what
    assert "step" not in project.resources()

    ok.touch()
    assert project.run("up").changes["create"] == 1
    assert log.read_text().split() == ["create", "create"], "delete must not run for what was never recorded"


def test_a_failed_update_keeps_the_old_record_and_a_failed_delete_keeps_the_resource(project: Project) -> None:
    log, ok = project.folder / "log", project.folder / "ok"
    inputs = {
        "create": "echo created",
        "update": f"echo update >> {log}; test -e {ok}",
        "delete": f"echo delete >> {log}; test -e {ok}",
    }
    project.write(step=inputs | {"environment": {"V": "1"}})
    project.run("up")
    project.write(step=inputs | {"environment": {"V": "2"}})
    with pytest.raises(EngineError, match="exit status 1"):
        project.run("up")
    recorded = project.resources()["step"]
    assert recorded["inputs"]["environment"] == {"V": "1"}
    assert recorded["outputs"]["stdout"] == "created"

    with pytest.raises(EngineError, match="exit status 1"):
        project.run("destroy")
    assert "step" in project.resources()

    ok.touch()
    assert project.run("up").changes["update"] == 1
    project.run("destroy")
    assert project.resources() == {}
    assert log.read_text().split() == ["update", "delete", "update", "delete"]


#: What cannot run, and what its error has to name.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "dir": ({"create": "true", "dir": "/no/such/folder"}, "/no/such/folder"),
    "interpreter": ({"create": "true", "interpreter": ["/no/such/program"]}, "/no/such/program"),
    "signal": ({"create": "kill -KILL $$"}, "signal: killed"),
    "glob": ({"create": "true", "asset_paths": ["[broken"]}, "[broken"),
    "too-slow": ({"create": "echo begun; sleep 600", "create_limit": "1s"}, "signal: terminated"),
    "background-failure": ({"create": "sleep 5 & exit 4"}, "exit status 4"),
}


def test_each_failure_is_told_with_its_resource_and_its_reason(project: Project) -> None:
    project.write(**{name: inputs for name, (inputs, _) in BROKEN.items()})
    with pytest.raises(EngineError) as failure:
        project.run("up", continue_on_error=True)
    told = f"{failure.value.where}: {failure.value.what}".split("urn:")
    for name, (_, reason) in BROKEN.items():
        assert any(f"::{name}" in part and reason in part for part in told), (name, told)
    assert project.resources().keys() & BROKEN.keys() == set()
