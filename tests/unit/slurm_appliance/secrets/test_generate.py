"""Secrets: what is generated, and who can read it."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slurm_appliance.config.cluster_secrets import GivenSecrets
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.secrets.generate import MAKERS, complete, main, render
from toolchain.paths import REPOSITORY


def test_every_secret_of_the_schema_can_be_made() -> None:
    assert set(MAKERS) == set(GivenSecrets.model_fields)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_secret_is_what_the_schema_would_take_and_never_the_same(name: str) -> None:
    one, other = MAKERS[name](), MAKERS[name]()
    assert one != other
    taken = getattr(GivenSecrets.model_validate({name: one}), name)
    assert taken.reveal() == one


def test_munge_takes_the_key() -> None:
    assert len(base64.b64decode(MAKERS["munge_key"](), validate=True)) == 128


def test_a_process_prints_the_secret_and_nothing_else() -> None:
    command = [sys.executable, "-m", "slurm_appliance.secrets", "generate", "munge_key"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert len(base64.b64decode(ended.stdout, validate=True)) == 128
    assert ended.stderr == ""


@pytest.mark.parametrize("arguments", [[], ["generate"], ["generate", "other"], ["complete"]])
def test_anything_else_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: generate" in capsys.readouterr().err


def test_the_file_is_yaml_whatever_is_in_a_secret() -> None:
    values = {
        "munge_key": "a+/=",
        "monitoring_password": "- : # \"quoted\" 'too' \\ {x} {{ x }} \x07 \x85 \u2028 é 😀",
        "reboot_cloud": {"{{ a }}": ["{% b %}", 1, True, None]},
    }
    assert inventory_file.load(render(values)) == values


def test_a_file_is_completed_and_what_it_has_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "group_vars" / "secrets.yml"
    assert complete(path) == sorted(MAKERS)
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    assert complete(path) == []
    assert path.read_text() == first
    lines = [line for line in first.splitlines(keepends=True) if not line.startswith("munge_key")]
    path.write_text("".join(lines))
    assert complete(path) == ["munge_key"]
    again = yaml.safe_load(path.read_text())
    before = yaml.safe_load(first)
    assert {name for name in MAKERS if again[name] != before[name]} == {"munge_key"}


def test_the_playbook_for_those_who_do_it_by_hand_makes_the_same(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {demo-control: {}, demo-c-0: {}}}\n")
    playbook = REPOSITORY / "ansible/adhoc/generate-passwords.yml"
    command = [str(Path(sys.prefix) / "bin/ansible-playbook"), "-i", str(tmp_path / "hosts.yml"), str(playbook)]
    runs = [
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300).stdout
        for _ in range(2)
    ]
    assert "changed=1" in runs[0]
    assert "changed=0" in runs[1]
    path = tmp_path / "group_vars/all/secrets.yml"
    assert set(yaml.safe_load(path.read_text())) == set(MAKERS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not [value for value in yaml.safe_load(path.read_text()).values() if value in "".join(runs)]
