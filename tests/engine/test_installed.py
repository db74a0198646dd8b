"""The wheel, installed with all that it requires into an empty environment, away from the checkout."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from slurm_appliance.deploy_host.tree_digest import tree_digest
from tests.engine.cluster.rig import SETTINGS, WITHOUT_SITE, furnish
from tests.fakes.project import FakeProject
from toolchain.python_packages import uv_of
from toolchain.wheel.backend import build_wheel

# It installs a hundred MB of packages.
pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    wheel = folder / build_wheel(str(folder))
    uv = uv_of(Path(sys.prefix))
    environment = folder / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", environment / "bin/python", wheel], check=True)
    return environment / "bin/slurm-appliance"


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The environment of an operator who has nothing of the checkout."""
    project = FakeProject()
    furnish(project)
    with project.serving():
        yield {
            "HOME": os.environ["HOME"],
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "PULUMI_CREDENTIALS_PATH": str(tmp_path / "nobody"),
            **project.environment(),
        }


def test_a_new_site_repository_works_with_it_and_with_plain_pulumi(
    program: Path, variables: Mapping[str, str], tmp_path: Path
) -> None:
    site = tmp_path / "site"

    def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=site / "site", env=dict(variables), check=False, capture_output=True, text=True
        )

    subprocess.run([program, "init", site, "--environment", "test"], env=dict(variables), check=True)
    settings = {f"slurm-appliance:{name}": value for name, value in SETTINGS.items()}
    (site / "stacks/Pulumi.test.yaml").write_text(yaml.dump({"config": settings}))
    (site / "site/hooks/site/post.yml").write_text("- name: Nothing\n  hosts: login\n  tasks: []\n")
    validated = run([program, "config", "validate", "--stack", "test"])
    assert validated.returncode == 0, validated.stderr
    planned = run([program, "preview", "--stack", "test"])
    assert planned.returncode == 7, planned.stderr
    shell = f'eval "$({program} env)"; pulumi stack select --create test; pulumi preview --non-interactive'
    plain = run(["bash", "-ec", shell])
    assert plain.returncode == 0, plain.stdout + plain.stderr
    assert "slurm-appliance:index:Cluster" in plain.stdout


def test_it_plans_a_cluster_and_writes_nothing_where_it_is(
    program: Path, variables: Mapping[str, str], tmp_path: Path
) -> None:
    (product,) = program.parent.parent.glob("lib/python*/site-packages/slurm_appliance_product")
    before = tree_digest(product)
    stacks = tmp_path / "work" / "stacks"
    stacks.mkdir(parents=True)
    settings = {f"slurm-appliance:{name}": value for name, value in SETTINGS.items()}
    (stacks / "Pulumi.test.yaml").write_text(yaml.dump({"config": settings}))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(program), "--stacks", str(stacks), *words]
        return subprocess.run(
            command, cwd=stacks.parent, env=dict(variables), check=False, capture_output=True, text=True
        )

    validated = run("config", "validate", "--stack", "test")
    assert validated.returncode == 0, validated.stderr
    planned = run("preview", "--stack", "test", "--output", "json")
    assert planned.returncode == 7, planned.stderr
    # Its commands as resources: keys and secrets are made by modules of the installed product.
    done = run("up", "--yes", "--stack", "test", *(word for urn in WITHOUT_SITE for word in ("--exclude", urn)))
    assert done.returncode == 0, done.stderr
    assert tree_digest(product) == before
