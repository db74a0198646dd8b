"""The public API: its names, and the program in its documentation."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import slurm_appliance.api
from slurm_appliance.api import ExitStatus, NodeAction, UsageError, open_cluster, update_document
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.engine.cluster.test_commands import run
from tests.fakes.project import FakeProject
from toolchain.paths import REPOSITORY

API = REPOSITORY / "docs" / "api.md"
CI = REPOSITORY / "docs" / "ci.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_the_public_names_are_there_and_documented() -> None:
    for name in slurm_appliance.api.__all__:
        assert getattr(slurm_appliance.api, name).__doc__, name
    used = set(re.findall(r"`(?:cluster\.)?(\w+)\(", API.read_text()))
    public = {*slurm_appliance.api.__all__, *dir(slurm_appliance.api.ManagedCluster)}
    methods = {name for name in dir(slurm_appliance.api.ManagedCluster) if name[0] != "_"} - {"session"}
    assert methods <= set(re.findall(r"`cluster\.(\w+)", API.read_text())), "each has a row in the table"
    assert used - {"Problem"} <= public


def test_the_program_of_the_documentation_plans_and_applies(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    (text,) = blocks(API, "python")
    program = tmp_path / "ci.py"
    # site.yml needs nodes that boot.
    program.write_text(text.replace("stacks=stacks,", f"stacks=stacks, exclude={WITHOUT_SITE!r},"))
    rig.session()
    environment = {**os.environ, "STACKS": str(rig.stacks), "PYTHONPATH": str(REPOSITORY)}

    def run(verb: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(program), verb, rig.name]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=300, check=False
        )

    planned = run("plan")
    assert planned.returncode == ExitStatus.CHANGES, planned.stderr
    assert planned.stdout.startswith("### `test`: planned changes")
    applied = run("apply")
    assert applied.returncode == 0, applied.stderr
    assert len(project.compute.servers.things) == 4
    rig.settings |= {"cluster_image": "image-b", "protected": True}
    rig.session()
    assert run("plan").returncode == ExitStatus.DISRUPTIVE
    assert run("apply").returncode == ExitStatus.DISRUPTIVE, "protected, and not labelled"
    assert run("apply", LABELS="disruptive").returncode == 0


def test_a_cluster_is_validated_planned_and_looked_at(rig: Rig, project: FakeProject) -> None:
    rig.settings["key_pair"] = "nobodys"
    rig.session()
    problems = open_cluster(rig.name, stacks=rig.stacks).validate()
    assert {problem.path for problem in problems} == {"key_pair"}
    rig.settings["key_pair"] = "operators"
    rig.session()
    cluster = open_cluster(rig.name, stacks=rig.stacks, exclude=WITHOUT_SITE)
    assert {row.action for row in cluster.plan().rows} == {NodeAction.CREATE}
    assert not project.compute.servers.things
    assert cluster.up(approve=lambda plan: not plan.rows) is None
    assert not project.compute.servers.things
    assert {node.state for node in cluster.status().nodes} == {"missing"}
    assert cluster.history() == ()


def test_images_and_updates_of_a_cluster(rig: Rig, project: FakeProject) -> None:
    build = {"base_image": "image-a", "flavor": "small", "network": "cluster", "package_sources": {"snapshot": "old"}}
    rig.settings |= {"image_builds": {"fat": build}, "cluster_image": {"build": "fat"}}
    rig.session()
    cluster = open_cluster(rig.name, stacks=rig.stacks)
    planned = cluster.plan_update(snapshot="20261130T000000")
    assert (planned.builds, planned.images, planned.needed) == (("fat",), (), True)
    shown = run(rig, "update", "--stack", "test", "--snapshot", "20261130T000000", "--dry-run", "--output", "json")
    assert json.loads(shown.stdout) == json.loads(update_document(planned, "test").to_json()), shown.stderr
    with pytest.raises(UsageError, match="no build thin") as refused:
        cluster.build_image("thin")
    assert "fat" in refused.value.remedy
    assert not [call for call in project.api.calls if call.startswith("POST") and "tokens" not in call]
    assert "old" in rig.stack_file.read_text()


def test_the_pipelines_of_the_documentation_use_commands_that_exist() -> None:
    pipelines = [yaml.safe_load(text) for text in blocks(CI, "yaml")]
    assert len(pipelines) == 2
    commands = re.findall(r"\./slurm-appliance ([a-z]+)((?: --?[a-z-]+(?: [^-|>&\s][^\s]*)?)*)", CI.read_text())
    assert {verb for verb, _ in commands} == {"preview", "up", "status", "rollout", "locks", "history", "image"}
    for verb, options in commands:
        told = subprocess.run(
            [sys.executable, str(REPOSITORY / "slurm_appliance" / "__main__.py"), verb, "--help"],
            capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
        ).stdout  # fmt: skip
        for option in re.findall(r"--[a-z-]+", options):
            assert option in told, f"{verb} {option}"
