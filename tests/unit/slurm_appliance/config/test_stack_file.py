"""Stack files are read as Pulumi reads them, but without its silence about what it drops."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import ClusterConfig, environment_of, from_mapping, from_stack_file, stack_file
from slurm_appliance.config.load import NAMESPACE, own_settings
from slurm_appliance.errors import ConfigError, Problem
from tests.unit.slurm_appliance.config.examples import largest, smallest
from toolchain.paths import REPOSITORY


def settings_of(text: str) -> dict[str, Any]:
    keys, problems = stack_file.parse(text, "a test")
    assert problems == []
    return keys


def problems_of(text: str) -> list[Problem]:
    try:
        _, problems = stack_file.parse(text, "a test")
    except ConfigError as error:
        return list(error.problems)
    return problems


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("12:34:56", "12:34:56"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("40", 40),
        ("-1", -1),
        ("0x10", 16),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ('"40"', "40"),
        ("'2026-01-01'", "2026-01-01"),
        ("c-0", "c-0"),
        ("&a x", "x"),
        ("|\n    a: 1\n", "a: 1\n"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, read: object) -> None:
    value = settings_of(f"config:\n  x: {written}\n")["x"]
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    ("text", "path", "what", "remedy"),
    [
        ("config: {a: 1, a: 2}", "a", "set twice, in lines 1 and 1", "keep one"),
        ("config:\n  slurm-appliance:x:\n    y: 1\n    y: 2\n", "x.y", "set twice, in lines 3 and 4", "keep one"),
        ("config:\n  slurm-appliance:x: [{y: 1, y: 2}]\n", "x[0].y", "set twice", "keep one"),
        ("config: {a: 2026-01-01}", "a", "is read as a date", '"2026-01-01"'),
        ("config: {slurm-appliance:a: 0755}", "a", "is read as an octal number", '"0755"'),
        ("config: {a: !!binary eA==}", "a", "the tag tag:yaml.org,2002:binary is not supported", "plain YAML"),
        ("config: {<<: {a: 1}}", "config", "a key must be a text", "'<<'"),
        ("config: {[a]: 1}", "config", "a key must be a text", "name: value"),
        ("config: &a {b: *a}", "b", "contains itself through an alias", "write the value out"),
        ("config: {a: b", "line 1, column 14", "is not valid YAML", "quotes"),
        ("config: {}\n---\nconfig: {}", "line 2, column 1", "is not valid YAML", "quotes"),
        ("config: {a: \x01}", "the file", "characters that YAML does not allow", "stack file"),
        ("config: " + "[" * 5000, "the file", "is nested too deeply", "stack file"),
        ("- a", "the file", "is not a mapping", "'config:'"),
        ("", "config", "there is no configuration", "below 'config:'"),
        ("confg: {}", "confg", "is no key of a stack file", "did you mean 'config'?"),
        ("config: 1", "config", "is not a mapping", "slurm-appliance:NAME: VALUE"),
        ("config: {a: " + "9" * 5000 + "}", "a", "the number is too long", "quotes"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, path: str, what: str, remedy: str) -> None:
    problem = problems_of(text)[0]
    assert problem.path == path
    assert what in problem.what
    assert remedy in problem.remedy


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    levels = "\n".join(f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12))
    [problem] = problems_of(f"config:\n  a0: &a0 [x]\n{levels}\n")
    assert problem.path == "the file"
    assert "'*'" in problem.remedy


def test_other_namespaces_are_left_alone_and_mistyped_ones_found() -> None:
    problems: list[Problem] = []
    keys = {
        "slurm-appliance:cluster_name": 1,
        "slurm-appliance:config:key_pair": 2,
        "openstack:cloud": 3,
        "pulumi:tags": 4,
        "aws:region": 5,
        "slurm_appliance:x": 6,
        "Slurm-Aplliance:y": 7,
        "cluster_image": 8,
    }
    assert own_settings(keys, problems) == {"cluster_name": 1, "key_pair": 2}
    assert [(problem.path, problem.remedy) for problem in problems] == [
        ("slurm_appliance:x", "write slurm-appliance:x"),
        ("Slurm-Aplliance:y", "write slurm-appliance:y"),
        ("cluster_image", "write slurm-appliance:cluster_image"),
    ]


def test_the_namespace_is_the_projects_name() -> None:
    assert yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["name"] == NAMESPACE


def write(folder: Path, settings: dict[str, Any], name: str = "Pulumi.test.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump({"config": {f"slurm-appliance:{key}": value for key, value in settings.items()}}))
    return path


def as_pulumi_hands_it_over(settings: dict[str, Any]) -> dict[str, str]:
    """Scalars as text, mappings and lists as JSON with sorted keys: seen with pulumi config --json."""

    def text(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)

    return {name: text(value) for name, value in settings.items()}


@pytest.mark.parametrize("settings", [smallest(), largest(), smallest(cluster_image=20261123, state_volume_size="200")])
def test_a_file_and_a_program_give_the_same_configuration(tmp_path: Path, settings: dict[str, Any]) -> None:
    from_file = from_stack_file(write(tmp_path, settings))
    in_program = from_mapping(as_pulumi_hands_it_over(settings), "a test", environment="test")
    assert from_file == in_program
    assert list(from_file.compute) == list(in_program.compute)


def test_what_pulumi_config_set_stores_is_read(tmp_path: Path) -> None:
    settings = smallest(
        protected="true",
        root_volume_size="60",
        compute='{"general": {"nodes": ["c-0"], "flavor": "m1"}}',
        cluster_image="8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11",
    )
    config = from_stack_file(write(tmp_path, settings))
    assert config.protected is True
    assert config.root_volume_size == 60
    assert config.compute["general"].nodes == ("c-0",)
    assert config.cluster_image is not None
    assert config.cluster_image.id == "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"


def test_empty_and_null_stand_for_not_set(tmp_path: Path) -> None:
    config = from_stack_file(write(tmp_path, smallest() | {"gateway_ip": "", "state_dir": None}))
    assert config.gateway_ip is None
    assert config.state_dir == "/var/lib/state"


def test_the_environment_is_named_by_the_setting_or_the_file(tmp_path: Path) -> None:
    named = write(tmp_path, smallest(environment_name="production"))
    by_file = write(tmp_path, smallest(), "Pulumi.my-stack.yaml")
    assert from_stack_file(named).environment_name == "production"
    assert from_stack_file(by_file).environment_name == "my-stack"
    assert environment_of(Path("some/where/cluster.yaml")) == "cluster"


def test_secrets_of_a_file_are_encrypted_and_those_of_a_program_are_known(tmp_path: Path) -> None:
    from_file = from_stack_file(write(tmp_path, smallest(secrets={"monitoring_password": {"secure": "v1:abc"}})))
    in_program = from_mapping(smallest(secrets='{"monitoring_password": "correct horse"}'), "a test")
    there, here = from_file.secrets.monitoring_password, in_program.secrets.monitoring_password
    assert there is not None
    assert there.encrypted
    with pytest.raises(ValueError, match="encrypted"):
        there.reveal()
    assert here is not None
    assert here.reveal() == "correct horse"
    for text in (repr(in_program), str(in_program), str(here), in_program.model_dump_json(), repr(from_file)):
        assert "correct horse" not in text
        assert "v1:abc" not in text


def test_a_configuration_cannot_be_changed() -> None:
    config = from_mapping(smallest(), "a test")
    with pytest.raises(ValueError, match="frozen"):
        config.cluster_name = "other"  # type: ignore[misc]  # That is what the test is about.
    assert isinstance(config, ClusterConfig)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("config: {}\n", False),
        ("config:\n  slurm-appliance:environment_name: x\n", False),
        ("environment: [site/prod]\nconfig: {}\n", True),
        ("", False),
    ],
)
def test_settings_that_come_from_environments_of_esc(text: str, has: bool) -> None:
    document, problems = stack_file.document_in(text, "a test")
    assert problems == []
    assert ("environment" in document) is has
