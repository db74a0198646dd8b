"""The commands: one run says everything, exit statuses are right, and secrets stay out of sight."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from slurm_appliance.cli import app
from slurm_appliance.commands.config import stack_file_of
from slurm_appliance.config.generated import text_of
from slurm_appliance.errors import UsageError
from tests.pem import certificate, private_key
from tests.unit.slurm_appliance.config.examples import largest, smallest
from toolchain.paths import REPOSITORY

SIX_MISTAKES = """\
config:
  openstack:cloud: mycloud
  slurm-appliance:cluster_name: My_Cluster
  slurm-appliance:cluster_image: {build: fat}
  slurm-appliance:key_pair: operators
  slurm-appliance:control_node_flavour: m1.large
  slurm-appliance:cluster_networks:
    - network: cluster
      subnet: 5
  slurm-appliance:compute:
    general:
      nodes: [c-0, c-1]
      flavor: m1.large
      ip_addresses: {cluster: [10.0.0.1]}
      compute_init_enable: [compute, nsf]
"""

SIX_PATHS = [
    "cluster_name",
    "cluster_image.build",
    "cluster_networks[0].subnet",
    "control_node_flavour",
    "compute.general.compute_init_enable[1]",
    "compute.general.ip_addresses.cluster",
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(path: Path, settings: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump({"config": {f"slurm-appliance:{name}": value for name, value in settings.items()}}))
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.broken.yaml"
    path.write_text(SIX_MISTAKES)
    return path


def test_one_run_reports_six_mistakes_each_with_path_and_remedy(broken: Path) -> None:
    command = [
        sys.executable,
        str(REPOSITORY / "slurm_appliance" / "__main__.py"),
        "config",
        "validate",
        "--file",
        str(broken),
    ]
    outcome = subprocess.run(command, cwd=broken.parent, capture_output=True, text=True, timeout=60, check=False)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    lines = outcome.stderr.splitlines()
    assert "the configuration has 6 mistakes; nothing was changed" in lines[0]
    assert sorted(line.split(": ")[0] for line in lines[1::2]) == sorted(SIX_PATHS)
    assert all(line.startswith("  → ") for line in lines[2::2])
    assert len(lines) == 13
    assert "Traceback" not in outcome.stderr
    assert list(broken.parent.iterdir()) == [broken], "nothing was created"


def test_the_same_for_scripts(broken: Path) -> None:
    outcome = run("config", "validate", "--file", broken, "--output", "json")
    assert outcome.exit_code == 1
    found = json.loads(outcome.stdout)
    assert found["ok"] is False
    assert sorted(problem["path"] for problem in found["problems"]) == sorted(SIX_PATHS)
    assert all(problem["what"] and problem["remedy"] for problem in found["problems"])


def test_certificates_in_files_are_looked_at_and_an_end_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "site.pem").write_text(certificate("Former", -1))
    path = write(tmp_path / "Pulumi.site.yaml", smallest(cacerts=[str(tmp_path / "site.pem")]))
    outcome = run("config", "validate", "--file", path)
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines()[-2].startswith("note: cacerts: the certificate of CN=Former ended on ")
    (tmp_path / "site.pem").write_text(private_key())
    outcome = run("config", "validate", "--file", path, "--output", "json")
    assert outcome.exit_code == 1
    assert [problem["path"] for problem in json.loads(outcome.stdout)["problems"]] == ["cacerts[0]"]


def test_a_good_configuration_is_summed_up(tmp_path: Path) -> None:
    path = write(tmp_path / "Pulumi.good.yaml", largest())
    outcome = run("config", "validate", "--file", path)
    assert outcome.exit_code == 0
    assert "settings, ok" in outcome.stdout
    for line in (
        "cluster      demo",
        "image        build site",
        "networks     cluster, storage",
        "  control    1",
        "  compute    general: 3, gpu: 1",
    ):
        assert line in outcome.stdout.splitlines()
    found = json.loads(run("config", "validate", "--file", path, "-o", "json").stdout)
    assert found["notes"] == []
    assert found["ok"] is True
    assert found["nodes"]["compute"] == {"general": 3, "gpu": 1}


def test_settings_are_counted_where_they_are_values(tmp_path: Path) -> None:
    path = write(tmp_path / "Pulumi.good.yaml", smallest(users={"bob": {"uid": 2000}}))
    # Name, image, network, key pair, flavor, uid; the environment's name comes from the file's.
    assert json.loads(run("config", "validate", "--file", path, "-o", "json").stdout)["settings"] == 6


def test_stacks_are_found_by_name(tmp_path: Path) -> None:
    write(tmp_path / "Pulumi.one.yaml", smallest())
    write(tmp_path / "Pulumi.example.yaml", smallest())
    assert stack_file_of("one", None, tmp_path) == tmp_path / "Pulumi.one.yaml"
    with pytest.raises(UsageError, match="two") as caught:
        stack_file_of("two", None, tmp_path)
    assert ": one;" in caught.value.remedy
    with pytest.raises(UsageError, match="--stack and --file"):
        stack_file_of("one", tmp_path / "x", tmp_path)
    with pytest.raises(UsageError, match="--stack NAME"):
        stack_file_of(None, None, tmp_path)


def test_show_resolves_defaults_and_masks_secrets(tmp_path: Path) -> None:
    path = write(tmp_path / "Pulumi.good.yaml", largest())
    in_yaml = run("config", "show", "--file", path)
    in_json = run("config", "show", "--file", path, "--output", "json")
    assert in_yaml.exit_code == 0
    values = yaml.safe_load(in_yaml.stdout)
    assert values == json.loads(in_json.stdout)
    assert next(iter(values)) == "cluster_name"
    assert values["state_volume_size"] == 200
    assert values["state_dir"] == "/var/lib/state"
    assert values["secrets"]["monitoring_password"] == "********"
    assert values["image_builds"]["fat"]["package_sources"]["password"] == "********"
    assert values["cluster_image"] == {"build": "site"}
    for secret in ("correct horse", "v1:abc"):
        assert secret not in in_yaml.stdout + in_json.stdout


def test_show_reports_mistakes_like_validate(broken: Path) -> None:
    outcome = run("config", "show", "--file", broken)
    assert outcome.exit_code == 1
    assert outcome.exit_code == 1
    assert "6 mistakes" in outcome.stderr


def test_explain_one_setting() -> None:
    outcome = run("config", "explain", "compute.general.compute_init_enable")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("compute.<group>.compute_init_enable\n")
    assert "rerun-playbook: site.yml runs again" in outcome.stdout
    [found] = json.loads(run("config", "explain", "slurm-appliance:state_volume_size", "-o", "json").stdout)
    assert found["default"] == 150
    assert found["allowed"] == "1 to 1000000"
    assert found["policy"] == "live"


def test_explain_a_section_with_what_is_in_it() -> None:
    outcome = run("config", "explain", "rollout")
    assert "Contains:" in outcome.stdout
    found = json.loads(run("config", "explain", "rollout", "--output", "json").stdout)
    assert [each["path"] for each in found][:2] == ["rollout", "rollout.via"]


def test_explain_everything() -> None:
    found = json.loads(run("config", "explain", "--output", "json").stdout)
    assert len(found) > 200
    table = run("config", "explain")
    assert table.exit_code == 0
    assert "cluster_name" in table.stdout


def test_explain_a_setting_of_the_reference_appliance() -> None:
    outcome = run("config", "explain", "openhpc_partitions")
    assert outcome.exit_code == 0
    assert "A setting of the reference appliance; here it is slurm.partitions: a mapping by name" in outcome.stdout
    [found] = json.loads(run("config", "explain", "openhpc_enable", "--output", "json").stdout)
    assert found["path"] is None
    assert found["description"].startswith("leave it out")


def test_explain_what_is_not_there() -> None:
    outcome = run("config", "explain", "compute.general.flavour")
    assert outcome.exit_code == 2
    assert "compute.<group>.flavor?" in outcome.stderr.splitlines()[-1]


def test_diff(tmp_path: Path) -> None:
    old = write(tmp_path / "Pulumi.same.yaml", smallest(environment_name="x"))
    new = write(tmp_path / "new.yaml", smallest(environment_name="x", state_volume_size=200))
    outcome = run("config", "diff", old, new)
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines()[0] == "state_volume_size: 150 → 200"
    assert outcome.stdout.splitlines()[1].startswith("  live: A larger volume grows in place.")
    assert outcome.stdout.splitlines()[2] == "1 setting differs"
    [change] = json.loads(run("config", "diff", old, new, "--output", "json").stdout)
    assert change["policy"] == "live"
    assert run("config", "diff", old, old).stdout == "0 settings differ\n"


def test_schema_to_a_file_and_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    assert run("schema", "--output", path).exit_code == 0
    assert path.read_text() == text_of("json") == run("schema").stdout
    assert run("schema", "--form", "example").stdout == text_of("example")
    refused = run("schema", "--output", tmp_path / "none" / "schema.json")
    assert refused.exit_code == 2
    assert f"{tmp_path}/none/schema.json: " in refused.stderr
    assert os.strerror(errno.ENOENT) in refused.stderr


def test_validate_checks_the_sites_own_layer(tmp_path: Path) -> None:
    stacks, hook = tmp_path / "stacks", tmp_path / "site" / "hooks" / "site" / "misspelt.yml"
    stacks.mkdir()
    hook.parent.mkdir(parents=True)
    hook.write_text("[]")
    outcome = run("config", "validate", "--file", write(stacks / "Pulumi.good.yaml", smallest()), "--output", "json")
    assert outcome.exit_code == 1
    assert [problem["path"] for problem in json.loads(outcome.stdout)["problems"]] == [str(hook)]
