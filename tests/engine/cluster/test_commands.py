"""The command line over a project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ConfigError, ExitStatus
from slurm_appliance.hostvars.signing import SigningKey
from tests.engine.cluster.rig import SETTINGS, WITHOUT_SITE, Rig
from tests.fakes.project import FakeProject
from toolchain.paths import REPOSITORY

#: A driver of the command line whose stacks are the test's.
_DRIVER = """
import sys
from pathlib import Path
import slurm_appliance.engine.project as project
for function in (project.stack_file, project.prepare):
    function.__defaults__ = (Path(sys.argv[1]),)
import slurm_appliance.api.cluster as api
api.open_cluster.__kwdefaults__["stacks"] = Path(sys.argv[1])
import slurm_appliance.secrets.rotation as rotation
rotation.known.__defaults__ = rotation.rotate.__defaults__ = (Path(sys.argv[1]),)
sys.argv = ["slurm-appliance", *sys.argv[2:]]
from slurm_appliance.cli import main
sys.exit(main())
"""


def run(rig: Rig, *arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command; the stack file is written before.

    Args:
        rig: the environment.
        arguments: the command's.
        typed: what is typed at its terminal; without it, there is no terminal.
    """
    rig.session()
    command = [sys.executable, "-c", _DRIVER, str(rig.stacks), *arguments]
    operator, terminal = os.openpty()
    try:
        os.write(operator, (typed or "").encode())
        stdin = subprocess.DEVNULL if typed is None else terminal
        return subprocess.run(
            command, cwd=REPOSITORY, stdin=stdin, capture_output=True, text=True, timeout=300, check=False
        )
    finally:
        os.close(operator)
        os.close(terminal)


def _exclude() -> list[str]:
    return [word for urn in WITHOUT_SITE for word in ("--exclude", urn)]


def test_a_cluster_from_the_command_line(rig: Rig, project: FakeProject) -> None:
    there = run(rig, "preview", "--stack", "test", *_exclude())
    assert (there.returncode, there.stderr) == (ExitStatus.CHANGES, "")
    assert "Images: 4 nodes · 4 new" in there.stdout
    assert "demo-c-[0-1]" in there.stdout

    declined = run(rig, "up", "--stack", "test", *_exclude(), typed="n\n")
    assert declined.returncode == 1
    assert "nothing was changed" in declined.stderr
    assert not project.compute.servers.things

    made = run(rig, "up", "--stack", "test", "--yes", *_exclude())
    assert made.returncode == 0, made.stderr
    assert "general (4) ..." not in made.stdout
    assert "  general ..." in made.stderr
    assert "Log in:          ssh debian@10.0.0." in made.stdout
    (log,) = EnvironmentFolder.of("test").logs.glob("up-*.log")
    assert str(log) in made.stdout
    assert log.stat().st_mode & 0o077 == 0

    assert run(rig, "preview", "--stack", "test", *_exclude()).returncode == 0
    status = run(rig, "status", "--stack", "test", "--output", "json")
    assert status.returncode == 0, status.stderr
    found = json.loads(status.stdout)
    assert {node["state"] for node in found["nodes"]} == {"ACTIVE"}
    assert found["well"]
    assert len(found["volumes"]) == 2

    rig.settings["cluster_image"] = "image-b"
    disruptive = run(rig, "preview", "--stack", "test", "--output", "json", *_exclude())
    assert disruptive.returncode == ExitStatus.DISRUPTIVE
    document = json.loads(disruptive.stdout)
    assert document["disruptive"]
    assert {node["node"]: node["action"] for node in document["nodes"]}["demo-control"] == "rebuild_now"

    gone = run(rig, "destroy", "--stack", "test", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "kept: volume demo-state" in gone.stdout
    assert "network cluster" in gone.stdout
    assert not project.compute.servers.things
    assert len(project.volume.volumes.things) == 2
    assert "nothing of test" not in gone.stderr
    assert run(rig, "destroy", "--stack", "test", "--yes", "--delete-volumes").returncode == 0
    assert not project.volume.volumes.things


def test_what_was_approved_is_what_is_done(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    saved = run(rig, "plan", "--stack", "test", "--output", "markdown", "--save", str(file), *_exclude())
    assert saved.returncode == ExitStatus.CHANGES, saved.stderr
    assert "| demo-c-\\[0-1\\] |" in saved.stdout
    # Somebody changes the cluster's configuration after the approval: nothing is done.
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    stale = run(rig, "up", "--stack", "test", "--plan", str(file), *_exclude())
    assert stale.returncode == ExitStatus.STALE_PLAN, stale.stderr
    assert "node demo-c-2: approved: nothing; now: create" in stale.stderr
    assert not project.compute.servers.things
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-1]"]
    made = run(rig, "up", "--stack", "test", "--plan", str(file), *_exclude())
    assert made.returncode == ExitStatus.OK, made.stderr
    assert len(project.compute.servers.things) == 4
    # The same plan a second time: it is done already.
    again = run(rig, "up", "--stack", "test", "--plan", str(file), *_exclude())
    assert again.returncode == ExitStatus.OK, again.stderr
    broken = tmp_path / "broken.json"
    broken.write_text('{"version": 2}')
    assert run(rig, "up", "--stack", "test", "--plan", str(broken)).returncode == ExitStatus.USAGE


def test_a_plan_says_which_settings_changed_and_what_that_does(rig: Rig) -> None:
    rig.up()
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    rig.settings["cluster_image"] = "image-b"
    settings = {each.path: each for each in rig.preview().settings}
    assert settings.keys() == {"cluster_image", "compute.general.nodes"}
    image = settings["cluster_image"]
    assert (image.old, image.new) == ({"name": "image-a"}, {"name": "image-b"})
    assert settings["cluster_image"].policy.value == "rebuild"


def test_a_secret_is_rotated_alone(rig: Rig) -> None:
    rig.more["rotation:monitoring_password"] = 1
    rig.up()
    secrets = EnvironmentFolder.of("test").inventory / "group_vars/all/secrets.yml"
    before = yaml.safe_load(secrets.read_text())
    listed = run(rig, "secrets", "list", "--stack", "test")
    assert "munge_key: generated by the stack\n" in listed.stdout
    assert "monitoring_password: generated by the stack, rotated 1 times" in listed.stdout

    rotated = run(rig, "secrets", "rotate", "munge_key", "--stack", "test")
    assert rotated.returncode == 0, rotated.stderr
    rig.more["rotation:munge_key"] = yaml.safe_load(rig.stack_file.read_text())["config"]["rotation:munge_key"]
    assert rig.more["rotation:munge_key"] == 1
    rig.up()
    after = yaml.safe_load(secrets.read_text())
    assert [name for name in before if before[name] != after[name]] == ["munge_key"]

    wrong = run(rig, "secrets", "rotate", "mung_key", "--stack", "test")
    assert wrong.returncode == 2
    assert "did you mean 'munge_key'?" in wrong.stderr


def test_a_new_signing_key_reaches_nodes_in_their_metadata_and_replaces_nothing(rig: Rig, project: FakeProject) -> None:
    def keys() -> dict[str, str]:
        servers = project.compute.servers.things.values()
        return {server["name"]: server["metadata"].get("bundle_key", "") for server in servers}

    rig.up()
    before, servers = keys(), rig.ids()
    assert before["demo-c-0"].startswith("ssh-ed25519 ")
    assert before["demo-c-0"] == before["demo-c-1"]
    assert before["demo-control"] == before["demo-login-0"] == ""

    rig.more["rotation:bundle_signing_key"] = 1
    plan = rig.preview()
    assert {row.action for row in plan.rows} == {NodeAction.NONE}
    assert not plan.disruptive
    rig.up()
    assert rig.ids() == servers
    after = keys()
    assert after["demo-c-0"] != before["demo-c-0"]
    secrets = yaml.safe_load((EnvironmentFolder.of("test").inventory / "group_vars/all/secrets.yml").read_text())
    assert after == before | dict.fromkeys(("demo-c-0", "demo-c-1"), SigningKey(secrets["bundle_signing_key"]).public)
    assert secrets["bundle_signing_key"] not in rig.state_text()


def test_everything_that_would_go_wrong_is_said_before_the_first_change(rig: Rig, project: FakeProject) -> None:
    project.compute.quotas = {"instances": 1}
    rig.settings |= {"control_node_flavor": "smal", "key_pair": "nobody", "cluster_image": "none"}
    rig.settings["cluster_networks"] = [{"network": "clster"}]
    refused = run(rig, "up", "--stack", "test", "--yes")
    assert refused.returncode == 1
    for path in (
        "control_node_flavor",
        "key_pair",
        "cluster_image",
        "cluster_networks[0].network",
        "quota of instances",
    ):
        assert f"\n{path}: " in refused.stderr
    assert "did you mean 'small'?" in refused.stderr
    assert not [call for call in project.api.calls if call.startswith("POST") and "tokens" not in call]


def test_a_stack_that_is_not_there(rig: Rig) -> None:
    missing = run(rig, "up", "--stack", "nowhere", "--yes")
    assert missing.returncode == 2
    assert "unknown stack nowhere" in missing.stderr
    assert "the stacks are: test" in missing.stderr


def test_mistakes_in_the_configuration_are_said_first(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    rig.settings = {**SETTINGS, "control_node_flavour": "x"}
    with pytest.raises(ConfigError, match="control_node_flavour"):
        rig.up()
    assert not project.api.calls
    assert not (tmp_path / "state/slurm-appliance/pulumi").exists()
