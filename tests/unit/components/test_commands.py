"""Commands: nothing secret or of this machine in their text, inputs that make them run again, and nothing to undo."""

import json

import pulumi
import pytest

from components.cluster import Cluster
from components.environment import write_here
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import MAKERS
from tests.unit.components.clusters import arguments, configured, recorded
from tests.unit.components.recorder import Recorded, id_of, record

COMMAND = "local:Command"


def test_only_host_keys_are_passed_on() -> None:
    commands = recorded().of(COMMAND)
    assert [name for name, each in commands.items() if each.inputs["addPreviousOutputInEnv"]] == ["host-keys"]


def test_the_text_is_constant_and_there_is_no_way_back() -> None:
    for command in recorded().of(COMMAND).values():
        text = command.inputs["create"]
        assert text.startswith('exec "${VIRTUAL_ENV:-.venv}/bin/python" -m slurm_appliance.')
        assert command.inputs["update"] == text
        assert "delete" not in command.inputs
        assert "triggers" not in command.inputs


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


def test_a_proxys_login_is_among_the_secrets_only() -> None:
    proxy = {"http": "http://proxy:3128", "username": "me", "password": "pa ss"}
    commands = recorded(proxy=proxy).of(COMMAND)
    assert "http://me:pa%20ss@proxy:3128" in json.loads(commands["secrets"].inputs["stdin"])["files"][_SECRETS]
    assert "stdin" in commands["secrets"].secret_inputs
    assert not [name for name, each in commands.items() if name != "secrets" and "pa%20ss" in str(each.inputs)]
    assert "http: http://proxy:3128" in json.loads(commands["inventory"].inputs["stdin"])["files"][_HOSTS]


_SECRETS = "inventory/group_vars/all/secrets.yml"
_HOSTS = "inventory/hosts.yml"


def test_the_two_parts_of_the_folder() -> None:
    commands = recorded().of(COMMAND)
    inventory = json.loads(commands["inventory"].inputs["stdin"])
    secrets = json.loads(commands["secrets"].inputs["stdin"])
    assert (inventory["environment"], inventory["part"]) == ("test", "inventory")
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
        "environment": "test",
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


def test_what_this_machine_lacks_is_written_and_is_no_reason_to_run_anything(environment: EnvironmentFolder) -> None:
    first = recorded().of(COMMAND)
    hosts, secrets = (environment.folder / name for name in (_HOSTS, _SECRETS))
    assert hosts.read_text() == json.loads(first["inventory"].inputs["stdin"])["files"][_HOSTS]
    assert environment.known_hosts.read_text() == "10.0.0.2 ssh-ed25519 A\n"
    for path in (hosts, secrets, environment.known_hosts):
        path.unlink()

    again = recorded().of(COMMAND)

    assert {name: each.inputs for name, each in again.items()} == {name: each.inputs for name, each in first.items()}
    assert all(path.exists() for path in (hosts, secrets, environment.known_hosts))


def test_a_preview_writes_nothing(environment: EnvironmentFolder) -> None:
    recorded(preview=True)
    assert not environment.folder.exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_one_line(environment: EnvironmentFolder) -> None:
    environment.folder.parent.mkdir()
    environment.folder.write_text("a file in its place")
    with pytest.raises(pulumi.RunError, match=str(environment.folder)):
        write_here(environment, "inventory", "users", "secrets")
