"""The pipelines of docs/ci.md: their scripts run as CI runs them, over a project."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.api import ExitStatus, NodeAction, load_plan
from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.image_names import IMAGE_TAG
from slurm_appliance.config import from_stack_file
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image.images import all_facts
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.wanted import wanted
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.engine.cluster.test_api import CI, blocks
from tests.fakes.project import FakeProject
from toolchain.paths import REPOSITORY

#: As in the page.
STACK = "production"
#: The command as it is in a checkout, over the test's stacks. site.yml needs nodes that boot.
SHIM = """#!/bin/sh
case "$1" in up|preview) set -- "$@" {exclude} ;; esac
exec {python} -m slurm_appliance --stacks {stacks} "$@"
"""
#: Notes what it is called with.
GH = '#!/bin/sh\necho "$@" >>gh.log\n'


@pytest.fixture
def github() -> dict[str, Any]:
    (first, _second) = map(yaml.safe_load, blocks(CI, "yaml"))
    return dict(first["jobs"])


@pytest.fixture
def gitlab() -> dict[str, Any]:
    (_first, second) = map(yaml.safe_load, blocks(CI, "yaml"))
    return dict(second)


@pytest.fixture
def production(project: FakeProject, tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, STACK)
    rig.settings["image_builds"] = {"fat": {"base_image": "image-a", "flavor": "small", "network": "cluster"}}
    rig.session()
    # Built the night before: nothing here boots, so nothing can be built.
    source = [ImageSource(build="fat")]
    (build,) = wanted(from_stack_file(rig.stack_file), source, all_facts(OpenStackApi(connect(None))))
    project.add_image(build.image_name, tags=[IMAGE_TAG])
    return rig


@pytest.fixture
def ci(production: Rig, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a script as a runner does, in a folder with the command."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    exclude = " ".join(f"--exclude {shlex.quote(urn)}" for urn in WITHOUT_SITE)
    shim = SHIM.format(exclude=exclude, python=sys.executable, stacks=production.stacks)
    for name, text in {"slurm-appliance": shim, "gh": GH}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    def run(script: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "GITHUB_STEP_SUMMARY": "summary.md",
            **more,
        }
        return subprocess.run(
            ["bash", "-e", "-c", re.sub(r"\$\{\{[^}]*\}\}", "7", script)],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip

    return run


def scripts(job: dict[str, Any]) -> list[str]:
    """What a job runs."""
    return [each["run"] for each in job["steps"] if "run" in each] if "steps" in job else list(job["script"])


def commands(jobs: dict[str, Any]) -> set[str]:
    """The appliance's commands in a pipeline, without redirections. Names with a dot are GitLab's templates."""
    texts = "\n".join(script for name, job in jobs.items() if name[0] != "." for script in scripts(job))
    return {found.strip() for found in re.findall(r"\./slurm-appliance ([^|>\n]*)", texts)}


def test_both_pipelines_run_the_same_commands(github: dict[str, Any], gitlab: dict[str, Any]) -> None:
    assert commands(github) == commands(gitlab)
    assert github.keys() - gitlab.keys() == {"apply"}
    assert gitlab["plan"]["allow_failure"]["exit_codes"] == [ExitStatus.DRIFT, ExitStatus.CHANGES]


def test_what_needs_the_runners_files_comes_after_up(github: dict[str, Any], gitlab: dict[str, Any]) -> None:
    for jobs in (github, gitlab):
        run = re.findall(r"slurm-appliance (\w+)", "\n".join(scripts(jobs["rollout"])))
        assert run == ["up", "rollout"], "an inventory, which a new runner gets by up"


@pytest.mark.extended
def test_every_script_of_the_page(
    github: dict[str, Any],
    production: Rig,
    project: FakeProject,
    tmp_path: Path,
    ci: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    folder = tmp_path / "checkout"
    plan, comment = scripts(github["plan"])
    (key, apply), (build,), (drift,), (cleanup,) = (
        scripts(github[each]) for each in ("apply", "images", "drift", "cleanup")
    )
    project.add_image("orphan", tags=[IMAGE_TAG])
    project.add_image("young", tags=[IMAGE_TAG], created_at=datetime.now(UTC).isoformat())

    planned = ci(plan, DISRUPTIVE="false")
    assert planned.returncode == 0, planned.stderr
    assert (folder / "plan.md").read_text() == (folder / "summary.md").read_text()
    assert {node.action for node in load_plan(folder / "plan.json").nodes} == {NodeAction.CREATE.name.lower()}
    assert ci(comment).returncode == 0
    assert (folder / "gh.log").read_text().split()[:5] == ["pr", "comment", "7", "--body-file", "plan.md"]
    assert not project.compute.servers.things

    assert ci(key, HOME=str(tmp_path), KEY="a key").returncode == 0
    written = tmp_path / ".ssh" / "slurm-appliance"
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("a key\n", 0o600)
    done = ci(apply)
    assert done.returncode == 0, done.stderr
    assert len(project.compute.servers.things) == 4
    assert all(re.match(r" *\d+:\d\d  |\S", line) for line in done.stderr.splitlines()), "plain lines with times"
    assert "\x1b" not in done.stdout + done.stderr
    built = ci(build)
    assert built.returncode == 0, built.stderr
    removed = ci(cleanup)
    assert removed.returncode == 0, removed.stderr
    names = {image["name"] for image in project.images.things.values()}
    assert "orphan" not in names
    assert "young" in names
    assert project.images.things[built.stdout.strip()]["name"] in names

    assert ci(drift).returncode == 0
    volume = project.volume.volumes.named("demo-home")
    volume["name"] = "renamed"
    assert ci(drift).returncode == ExitStatus.DRIFT
    volume["name"] = "demo-home"

    production.settings["cluster_image"] = "image-b"
    production.session()
    assert ci(plan, DISRUPTIVE="false").returncode == 1
    assert ci(plan, DISRUPTIVE="true").returncode == 0
    assert ci(plan.replace(STACK, "prodution"), DISRUPTIVE="true").returncode == ExitStatus.USAGE
