"""A new site repository."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from slurm_appliance import cli
from slurm_appliance.config import from_stack_file
from slurm_appliance.errors import UsageError
from slurm_appliance.site_layer.layers import site_layer
from slurm_appliance.site_repository.scaffold import (
    PRODUCT_LINK,
    ScaffoldAction,
    carry_out,
    link_product,
    site_files,
    steps,
)
from slurm_appliance.site_repository.version import version_note
from toolchain.paths import REPOSITORY


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    carry_out(folder, steps(folder, site_files("demo")))
    return folder


def actions(site: Path, environment: str = "demo") -> dict[str, ScaffoldAction]:
    return {step.path: step.action for step in steps(site, site_files(environment))}


def test_its_configuration_is_valid_and_its_layer_is_empty(site: Path) -> None:
    config = from_stack_file(site / "stacks/Pulumi.demo.yaml")
    assert config.cluster_name == "demo"
    assert site_layer(site / "stacks", "demo") is None
    assert version_note(site) is None


def test_plain_pulumi_finds_the_program_and_the_stack_files(site: Path) -> None:
    project = yaml.safe_load((site / "Pulumi.yaml").read_text())
    ours = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())
    assert {key: project[key] for key in ("name", "stackConfigDir")} == {
        key: ours[key] for key in ("name", "stackConfigDir")
    }
    assert (site / project["main"] / "__main__.py").samefile(REPOSITORY / "__main__.py")


def test_a_second_run_changes_nothing(site: Path) -> None:
    assert set(actions(site).values()) == {ScaffoldAction.SAME}


def test_what_exists_is_kept(site: Path) -> None:
    (site / "README.md").write_text("ours\n")
    (site / "site/hooks/site/.gitkeep").unlink()
    (site / "site/hooks/site/post.yml").write_text("[]\n")
    (site / "Pulumi.yaml").unlink()
    (site / "Pulumi.yaml").symlink_to("nowhere")
    found = actions(site)
    assert {path for path, action in found.items() if action is ScaffoldAction.KEEP} == {"Pulumi.yaml", "README.md"}
    carry_out(site, steps(site, site_files("demo")))
    assert (site / "README.md").read_text() == "ours\n"
    assert not (site / "site/hooks/site/.gitkeep").exists()


def test_another_environment(site: Path) -> None:
    created = {path for path, action in actions(site, "next").items() if action is ScaffoldAction.CREATE}
    assert "stacks/Pulumi.next.yaml" in created
    assert {path for path in created if not path.startswith(("stacks/", "environments/next/"))} == set()


def test_secrets_and_the_link_stay_out_of_git(site: Path) -> None:
    subprocess.run(["git", "init", "--quiet", site], check=True)
    secret = ["clouds.yaml", "secure.yaml", "server.pem", "openrc.sh", "passphrase", ".vault-password", "id_ed25519"]
    secret += ["secrets/rocky-password", "certificates/site-key.pem"]
    public = ["id_ed25519.pub", "certificates/site.pem"]
    for name in [*secret, *public]:
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).touch()
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=site, check=True, capture_output=True, text=True
    ).stdout.split()
    assert set(listed) == {*site_files("demo"), *public}


@pytest.mark.parametrize("status", [0, 1, 3, 6, 7])
def test_the_pipeline_takes_a_plan_that_disturbs_nobody(site: Path, tmp_path: Path, status: int) -> None:
    jobs = yaml.safe_load((site / "ci/github-actions.yml").read_text())["jobs"]
    (plan,) = [step["run"] for step in jobs["cluster"]["steps"] if " preview " in step.get("run", "")]
    command = tmp_path / "slurm-appliance"
    command.write_text(f"#!/bin/sh\nexit {status}\n")
    command.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    ended = subprocess.run(["bash", "-e", "-c", plan], env=variables, check=False)
    assert ended.returncode == (0 if status in {0, 6, 7} else status)


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "example", "-a", "a-", "a" * 21, ".."])
def test_names_that_no_environment_can_have(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        site_files(name)
    assert refused.value.where == "--environment"


def test_not_in_the_checkout() -> None:
    with pytest.raises(UsageError) as refused:
        steps(REPOSITORY / "docs" / "new", site_files("demo"))
    assert refused.value.where == str(REPOSITORY / "docs" / "new")


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "stacks").touch()
    with pytest.raises(UsageError) as refused:
        steps(tmp_path, site_files("demo"))
    assert refused.value.where == str(tmp_path / "stacks")


def test_the_link_follows_the_product(site: Path) -> None:
    (site / PRODUCT_LINK).unlink()
    (site / PRODUCT_LINK).symlink_to("/former/product")
    link_product(site)
    assert os.readlink(site / PRODUCT_LINK) == str(REPOSITORY)


def test_the_command(tmp_path: Path) -> None:
    words = ["init", str(tmp_path / "new"), "--environment", "a", "--output", "json"]
    dry = CliRunner().invoke(cli.app, [*words, "--dry-run"])
    assert not (tmp_path / "new").exists()
    wet = CliRunner().invoke(cli.app, words)
    assert dry.exit_code == wet.exit_code == 0
    said = json.loads(wet.stdout)
    assert said["files"] == json.loads(dry.stdout)["files"]
    assert {each["action"] for each in said["files"]} == {"create"}
    assert (tmp_path / "new/stacks/Pulumi.a.yaml").is_file()
