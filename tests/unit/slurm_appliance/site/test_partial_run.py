"""One run after another, on nodes that are dictionaries: what is skipped, and what the records say in between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.site import files, nodes
from slurm_appliance.site.known_facts import FACTS, read_cached, write_cached
from slurm_appliance.site.partial_run import PartialRun
from slurm_appliance.site.parts import BOOT, RENDER, TAG, site_parts
from slurm_appliance.site.skipping import AppliedState
from toolchain.paths import REPOSITORY

PARTS = site_parts(REPOSITORY / "ansible")
KEY = "ssh-ed25519 A\n"


@dataclass
class Nodes:
    """What the nodes have."""

    records: dict[str, Any] = field(default_factory=lambda: {"control": {}, "login": {}})
    away: set[str] = field(default_factory=set)
    packages: int = 1

    def read(self, hosts: Mapping[str, Any]) -> dict[str, AppliedState | None]:
        return {name: None if name in self.away else self._state(name) for name in hosts}

    def write(self, hosts: Mapping[str, Any], records: Mapping[str, Any]) -> dict[str, AppliedState | None]:
        self.records.update(json.loads(json.dumps(records)))
        return self.read(hosts)

    def _state(self, name: str) -> AppliedState:
        said = {"ansible_init": "done", "host_key": KEY, "packages": [self.packages], "units": []}
        return AppliedState.of(said | {"record": self.records[name]})


@dataclass
class Site:
    """A cluster, and its folder."""

    folder: EnvironmentFolder
    nodes: Nodes
    hosts: dict[str, dict[str, Any]]
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def begin(self, everything: str = "") -> PartialRun:
        """A run until Ansible."""
        self.count += 1
        cache = self.folder.folder / f"cache-{self.count}"
        run = PartialRun(self.folder, self.hosts, None, cache, self.lines.append)
        run.begin(everything)
        return run

    def whole(self, everything: str = "") -> set[str]:
        """A run; returns the names of the parts that ran."""
        run = self.begin(everything)
        if BOOT not in run.skip_tags:
            for host in ("control", "login"):
                write_cached(run.cache, host, dict.fromkeys(FACTS, "x"))
        else:
            assert read_cached(run.cache, "login") == dict.fromkeys(FACTS, "x")
        run.end()
        return ran(run)


def ran(run: PartialRun) -> set[str]:
    """The names of the parts that Ansible runs."""
    skipped = {tag.removeprefix(TAG) for tag in run.skip_tags}
    assert ({BOOT, RENDER} <= set(run.skip_tags)) is bool(run.skip_tags)
    return {name for name in PARTS if name not in skipped}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    rendered = tmp_path / "life" / "site"
    rendered.mkdir(parents=True)
    (rendered / "control_host_key.pub").write_text(KEY)
    (rendered / "users.json").write_text("{}")
    made = Nodes()
    monkeypatch.setattr(nodes, "read", made.read)
    monkeypatch.setattr(nodes, "write", made.write)

    def render(*_: object) -> list[str]:
        (rendered / "export.tar.gz").write_text(str(len(made.records)))
        return []

    monkeypatch.setattr(files, "render", render)
    common = {"ansible_host": "10.0.0.1", "bundle_signing_key": "secret"}
    hosts: dict[str, dict[str, Any]] = {
        "control": {"group_names": ["control"], **common},
        "login": {"group_names": ["login"], "motd": "Hello", **common},
        "c-0": {"group_names": ["compute"], "ansible_host": "10.0.0.3"},
    }
    return Site(EnvironmentFolder(tmp_path / "life"), made, hosts)


def test_the_second_run_does_nothing_and_the_third_what_changed(site: Site) -> None:
    assert site.whole() == PARTS.keys()
    assert site.whole() == set()
    site.hosts["login"]["motd"] = "Good evening"
    assert site.whole() == {"motd"}
    (site.folder.folder / "site" / "users.json").write_text('{"nora": {}}')
    assert site.whole() == {"accounts", "basic_users", "home_over_ssh", "login_home", "slurm_accounting"}
    assert site.whole() == set()
    assert site.whole("it was asked for") == PARTS.keys()
    assert site.whole() == set()


def test_what_an_interrupted_run_began_runs_again_even_if_it_was_taken_back(site: Site) -> None:
    site.whole()
    site.hosts["login"]["motd"] = "Good evening"
    assert ran(site.begin()) == {"motd"}
    site.hosts["login"]["motd"] = "Hello"
    assert site.whole() == {"motd"}
    assert site.whole() == set()
    assert ran(site.begin("it was asked for")) == PARTS.keys()
    assert site.whole() == PARTS.keys()


def test_a_run_knows_what_an_interrupted_one_began(site: Site) -> None:
    assert site.begin().variables == {"site_began": sorted(PARTS)}
    assert site.begin().variables["site_interrupted"] == sorted(PARTS)
    site.whole()
    site.hosts["login"]["motd"] = "Good evening"
    assert site.begin().variables == {}
    assert site.begin().variables == {"site_interrupted": ["motd"]}
    site.whole()
    assert site.begin().variables == {}


def test_everything_runs_where_something_is_not_known(site: Site) -> None:
    site.whole()
    site.nodes.away = {"login"}
    assert ran(site.begin()) == PARTS.keys()
    site.nodes.away = set()
    assert site.whole() == PARTS.keys()
    site.nodes.packages = 2
    assert site.whole() == PARTS.keys()
    assert site.whole() == set()
    (site.folder.folder / "site" / "control_host_key.pub").write_text("another")
    assert site.whole() == PARTS.keys()
    (site.folder.folder / "facts.json").unlink()
    assert site.whole() == PARTS.keys()


def test_no_secret_is_in_a_record_or_on_the_deploy_host(site: Site) -> None:
    site.hosts["login"]["munge_key"] = site.hosts["control"]["munge_key"] = "geheim"
    site.whole()
    texts = [json.dumps(site.nodes.records), *site.lines]
    texts += [path.read_text() for path in site.folder.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if "geheim" in text or "secret" in text]
    assert (site.folder.folder / "facts.json").stat().st_mode & 0o777 == 0o600
