"""Collections that a layer requires."""

import json
import subprocess
from pathlib import Path

import pytest

from slurm_appliance.site_layer.collections import installed, required
from slurm_appliance.site_layer.errors import SiteLayerError
from tests.unit.slurm_appliance.site_layer.trees import STACK, collection, layer_of

OWN = f"environments/{STACK}"
LOCAL = json.dumps({"collections": [{"name": "collections/own-tools-1.0.0.tar.gz"}]})


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection ``own.tools`` in the shared layer of a repository."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return collection(tmp_path / "repository/site/collections")


def test_a_local_collection_is_installed_once(tarball: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = layer_of(tarball.parents[2], {"site/requirements.yml": LOCAL})
    folder = installed(layer.layers)
    assert folder is not None
    assert (folder / "ansible_collections/own/tools/roles/hello/tasks/main.yml").is_file()
    monkeypatch.setattr(subprocess, "run", lambda *_words, **_options: pytest.fail("installed again"))
    assert installed(layer.layers) == folder


def test_what_is_required_is_part_of_the_digest(tarball: Path) -> None:
    files = {"site/requirements.yml": LOCAL, "site/hooks/image/post.yml": "- hosts: all\n"}
    before = layer_of(tarball.parents[2], files)
    digests = before.digest, before.image
    tarball.write_bytes(tarball.read_bytes() + b"\0")
    after = layer_of(tarball.parents[2], files)
    assert after.digest != digests[0]
    assert after.image != digests[1]


def test_the_environments_version_is_used(tmp_path: Path) -> None:
    def of(version: str) -> str:
        return json.dumps({"collections": [{"name": "own.tools", "version": version}]})

    layer = layer_of(tmp_path, {"site/requirements.yml": of("1.0.0"), f"{OWN}/requirements.yml": of("==2.0.0")})
    assert required(layer.layers) == [{"name": "own.tools", "version": "2.0.0"}]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "collections: x",
        "collections: [own.tools]",
        "collections: [{name: own.tools}]",
        "collections: [{name: own.tools, version: '>=1.0.0'}]",
        "collections: [{name: own.tools, version: '*'}]",
        "collections: [{name: collections/absent.tar.gz}]",
        "collections: [{name: /tmp/x.tar.gz}]",
        "collections: []\nroles: []",
    ],
)
def test_what_is_not_pinned_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SiteLayerError) as refused:
        layer_of(tmp_path, {"site/requirements.yml": text})
    assert refused.value.where == str(tmp_path / "site/requirements.yml")


def test_without_requirements_there_is_no_folder(tmp_path: Path) -> None:
    assert installed(layer_of(tmp_path, {"site/files/a": "a"}).layers) is None
