"""Plain pulumi over a project."""

import json

import pytest
import yaml

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.secrets.generate import FILE, MAKERS
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import WITHOUT_SITE, Rig
from tests.fakes.project import FakeProject


def test_plain_pulumi_does_the_same(rig: Rig, project: FakeProject) -> None:
    pulumi = Pulumi(rig)
    assert pulumi.run("stack", "init", "test").returncode == 0
    excluded = [word for urn in WITHOUT_SITE for word in ("--exclude", urn)]
    made = pulumi.run("up", "--yes", "--skip-preview", "--stack", "test", *excluded)
    assert made.returncode == 0, made.stdout + made.stderr
    assert len(project.compute.servers.things) == 4
    # And each of the two goes on where the other left off.
    assert set(rig.up().changes) == {"same"}
    again = pulumi.run("up", "--yes", "--skip-preview", "--stack", "test", *excluded)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "42 unchanged" in again.stdout or "unchanged" in again.stdout.split("Resources:")[1]
    assert "+" not in again.stdout.split("Resources:")[1]


def test_plain_pulumi_says_what_happens_to_each_node(rig: Rig, project: FakeProject) -> None:
    rig.up()
    rig.settings["cluster_image"] = "image-b"
    pulumi = Pulumi(rig)
    said = pulumi.run("preview", "--stack", "test")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Images: 4 nodes · 2 at their next reboot by Slurm · 2 REBUILD NOW" in said.stdout
    assert "demo-c-[0-1]: image-a (" in said.stdout
    assert "demo-control: image-a (" in said.stdout

    rig.settings["protected"] = True
    pulumi = Pulumi(rig)
    before = dict(project.api.calls)
    assert "test is protected, and this would disturb 2 nodes" in pulumi.run("preview", "--stack", "test").stdout
    refused = pulumi.run("up", "--yes", "--skip-preview", "--stack", "test")
    assert refused.returncode != 0
    assert "nothing was changed" in refused.stdout + refused.stderr
    changed = {key for key, count in project.api.calls.items() if count != before.get(key, 0)}
    assert {key for key in changed if not key.startswith(("GET", "POST identity"))} == set()


def test_plain_pulumi_says_what_would_go_wrong_before_the_first_change(rig: Rig, project: FakeProject) -> None:
    rig.settings["control_node_flavor"] = "smal"
    rig.settings["key_pair"] = "nobody"
    pulumi = Pulumi(rig)
    assert pulumi.run("stack", "init", "test").returncode == 0
    refused = pulumi.run("up", "--yes", "--skip-preview", "--stack", "test")
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "control_node_flavor: there is no flavor smal in this project" in said
    assert "key_pair: there is no key pair nobody in this project" in said
    assert "Traceback" not in said
    assert not project.compute.servers.things


def test_plain_pulumi_is_kept_out_while_a_journal_is_not_part_of_the_state(rig: Rig) -> None:
    rig.up()
    layout = rig.session().layout
    assert isinstance(layout, StateLayout)
    layout.locks.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "me", "hostname": "elsewhere", "timestamp": "2026-11-23T08:00:00Z"}
    (layout.locks / "x.json").write_text(json.dumps(lock))
    refused = Pulumi(rig).run("up", "--yes", "--skip-preview", "--stack", "test")
    assert refused.returncode != 0
    assert "currently locked by 1 lock" in refused.stdout + refused.stderr


@pytest.mark.extended
def test_plain_pulumi_does_not_get_past_the_protection(rig: Rig, project: FakeProject) -> None:
    rig.settings["protected"] = True
    rig.up()
    servers = rig.ids()
    pulumi = Pulumi(rig)
    excluded = [word for urn in WITHOUT_SITE for word in ("--exclude", urn)]
    for words in ((), ("--ignore-protect",), ("--exclude-protected",)):
        refused = pulumi.run("destroy", "--yes", "--skip-preview", "--stack", "test", *words)
        assert refused.returncode != 0, words
        assert {server["name"]: id_ for id_, server in project.compute.servers.things.items()} == servers
        assert len(project.volume.volumes.things) == 2
    # A new key pair replaces servers, and a new flavor resizes them.
    project.add_key_pair("others")
    for setting in ({"key_pair": "others"}, {"key_pair": "operators", "control_node_flavor": "large"}):
        rig.settings |= setting
        refused = Pulumi(rig).run("up", "--yes", "--skip-preview", "--stack", "test", "--ignore-protect", *excluded)
        assert refused.returncode != 0, setting
        assert "test is protected" in refused.stdout + refused.stderr
        assert {server["name"]: id_ for id_, server in project.compute.servers.things.items()} == servers
        assert len({server["flavor"]["id"] for server in project.compute.servers.things.values()}) == 1
    # Our commands ask first, and then do it.
    rig.settings["control_node_flavor"] = "small"
    rig.destroy(delete_volumes=True)
    assert not project.compute.servers.things


@pytest.mark.extended
def test_plain_pulumi_keeps_the_secrets_of_what_it_keeps(rig: Rig, project: FakeProject) -> None:
    """The database on the state volume has passwords that nothing else knows."""
    rig.up()
    secrets = {urn: each for urn, each in rig.resources().items() if "Secrets$" in urn}
    assert len(secrets) == len(MAKERS)
    destroyed = Pulumi(rig).run("destroy", "--exclude-protected", "--yes", "--skip-preview", "--stack", "test")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert not project.compute.servers.things
    assert len(project.volume.volumes.things) == 2
    assert {urn: each["id"] for urn, each in rig.resources().items() if urn in secrets} == {
        urn: each["id"] for urn, each in secrets.items()
    }
    volumes, values = rig.ids("Volume"), (EnvironmentFolder.of("test").folder / FILE).read_text()
    rig.up()
    assert rig.ids("Volume") == volumes
    kept = yaml.safe_load((EnvironmentFolder.of("test").folder / FILE).read_text())
    assert {name: kept[name] for name in MAKERS} == {name: yaml.safe_load(values)[name] for name in MAKERS}
    assert len(project.volume.volumes.things) == 2
