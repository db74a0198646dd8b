"""Commands: nothing secret or of this machine in their text, inputs that make them run again, and nothing to undo."""

import json
from pathlib import Path

from components.cluster import Cluster
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import MAKERS
from tests.unit.components.clusters import arguments, configured, recorded
from tests.unit.components.recorder import Recorded, id_of, record

COMMAND = "local:Command"


def test_the_text_is_constant_and_there_is_no_way_back() -> None:
    for command in recorded().of(COMMAND).values():
        text = command.inputs["create"]
        assert text.startswith('exec "${VIRTUAL_ENV:-.venv}/bin/python" -m slurm_appliance.')
        assert command.inputs["update"] == text
        assert "delete" not in command.inputs
        assert "triggers" not in command.inputs
        assert command.inputs["addPreviousOutputInEnv"] is False


def test_each_secret_is_made_by_a_command_of_its_own_and_shown_nowhere() -> None:
    commands = recorded().of(COMMAND)
    assert set(MAKERS) <= set(commands)
    for name in MAKERS:
        assert commands[name].inputs["create"].endswith(f"slurm_appliance.secrets generate {name}")
        assert commands[name].secret_outputs == ["stdout", "stderr"]
        assert commands[name].inputs["logging"] == "none"


def test_a_rotation_changes_one_secrets_command() -> None:
    def rotated(name: str) -> int:
        return 3 if name == "munge_key" else 0

    before = recorded().of(COMMAND)
    after = record(lambda: Cluster("cluster", arguments(configured(), rotations=rotated))).of(COMMAND)
    changed = [name for name in MAKERS if before[name].inputs != after[name].inputs]
    assert changed == ["munge_key"]
    assert after["munge_key"].inputs["environment"] == {"SLURM_APPLIANCE_ROTATION": "3"}


def test_a_given_secret_is_not_generated() -> None:
    made = recorded(secrets={"monitoring_password": "correct horse"})
    assert "monitoring_password" not in made.of(COMMAND)
    assert "correct horse" in json.loads(made.of(COMMAND)["secrets"].inputs["stdin"])["files"][_SECRETS]


_SECRETS = "inventory/group_vars/all/secrets.yml"
_HOSTS = "inventory/hosts.yml"


def test_the_two_parts_of_the_folder() -> None:
    commands = recorded().of(COMMAND)
    inventory = json.loads(commands["inventory"].inputs["stdin"])
    secrets = json.loads(commands["secrets"].inputs["stdin"])
    assert (inventory["folder"], inventory["part"]) == ("/environment", "inventory")
    assert "demo-c-1:" in inventory["files"][_HOSTS]
    assert f"instance_id: {id_of('demo-c-1')}" in inventory["files"][_HOSTS]
    assert 'munge_key: "output of munge_key"' in secrets["files"][_SECRETS]
    assert "output of" not in inventory["files"][_HOSTS]


def _site(made: Recorded) -> dict[str, str]:
    environment: dict[str, str] = made.of(COMMAND)["site"].inputs["environment"]
    return environment


def test_site_runs_again_when_something_changed_and_not_otherwise() -> None:
    before = _site(recorded())
    assert _site(recorded()) == before
    assert _changed(before, _site(recorded(chrony_servers=["ntp.example.org"]))) == ["SLURM_APPLIANCE_INVENTORY"]
    other = _site(recorded(secrets={"monitoring_password": "correct horse"}))
    assert _changed(before, other) == ["SLURM_APPLIANCE_SECRETS"]
    for larger in (recorded(state_volume_size=200), recorded(home_volume_size=200)):
        assert _changed(before, _site(larger)) == ["SLURM_APPLIANCE_VOLUME_SIZES"]


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    assert before.keys() == after.keys()
    return [name for name in before if before[name] != after[name]]


def test_site_comes_last_and_says_where_things_are() -> None:
    made = recorded()
    site = made.of(COMMAND)["site"]
    assert json.loads(site.inputs["stdin"]) == {
        "environment_folder": "/environment",
        "inventory": "/environment/inventory",
        "playbook": "site.yml",
        "extra_vars": {},
        "cloud": None,
    }
    for urn in (
        *(each.urn for each in made.of("compute/instance:Instance").values()),
        *(each.urn for each in made.of("compute/volumeAttach:VolumeAttach").values()),
        made.of(COMMAND)["inventory"].urn,
        made.of(COMMAND)["secrets"].urn,
    ):
        assert urn in site.dependencies


def test_host_keys_are_learned_before_anybody_connects() -> None:
    commands = recorded(ssh={"port": 2222}).of(COMMAND)
    request = json.loads(commands["host-keys"].inputs["stdin"])
    # Compute nodes set themselves up: the deploy host does not connect to them.
    assert [host["name"] for host in request["hosts"]] == ["demo-control", "demo-login-0"]
    assert {host["port"] for host in request["hosts"]} == {2222}
    assert request["hosts"][0]["instance_id"] == id_of("demo-control")
    assert commands["host-keys"].urn in commands["site"].dependencies


def test_a_folder_that_is_gone_is_written_again(tmp_path: Path) -> None:
    def made() -> Recorded:
        return record(lambda: Cluster("cluster", arguments(configured(), folder=tmp_path)))

    first = json.loads(made().of(COMMAND)["inventory"].inputs["stdin"])
    EnvironmentFolder(tmp_path).write("inventory", first["token"], first["files"])
    assert json.loads(made().of(COMMAND)["inventory"].inputs["stdin"]) == first
    (tmp_path / _HOSTS).unlink()
    again = json.loads(made().of(COMMAND)["inventory"].inputs["stdin"])
    assert again["token"] != first["token"]
    assert again["files"] == first["files"]
