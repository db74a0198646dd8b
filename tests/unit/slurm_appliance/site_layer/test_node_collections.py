"""Which collections compute nodes get, and how they are packed."""

import bz2
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from node.compute_init import layer_collections
from node.compute_init.site_layer import NodeLayer
from slurm_appliance.site_layer import node_collections
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.layers import SiteLayer, site_layer
from tests.unit.slurm_appliance.site_layer.trees import STACK, collection, layer_of, repository

HOOK = "site/hooks/compute-init/post.yml"
ROLE = "site/roles/scratch"
OTHER = "site/roles/other/tasks/main.yml"
DECLARED = {f"{ROLE}/meta/node_variables.yml": "compute_init: compute\nnode_variables: []\n"}
PLAY = json.dumps([{"hosts": "localhost", "roles": ["scratch"]}])
USE = json.dumps([{"name": "Use", "own.tools.mark": {}}])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def layer(folder: Path, files: dict[str, str], *names: str, **needs: dict[str, str]) -> SiteLayer:
    """A layer that requires ``own.NAME`` for each of the names, which are files of it, with what they depend on."""
    for name in names:
        collection(folder / "own/site/collections", name=name, needs=needs.get(name))
    listed = [{"name": f"collections/own-{name}-1.0.0.tar.gz"} for name in names]
    return layer_of(folder / "own", {"site/requirements.yml": json.dumps({"collections": listed}), **files})


def contents(made: SiteLayer) -> set[str]:
    """The files that nodes get."""
    with tarfile.open(fileobj=io.BytesIO(made.node_collections), mode="r:bz2") as tar:
        return set(tar.getnames())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({HOOK: json.dumps([{"hosts": "localhost", "tasks": [{"own.tools.mark": {}}]}])}, True),
        ({HOOK: PLAY, "site/hooks/compute-init/tasks/more.yml": USE}, True),
        ({HOOK: "- {hosts: localhost, collections: [own.tools]}\n"}, True),
        ({HOOK: "# own.tools\n- {hosts: localhost}\n"}, True),
        ({HOOK: PLAY, f"{ROLE}/tasks/main.yml": USE}, True),
        ({**DECLARED, f"{ROLE}/tasks/main.yml": "- debug: {msg: \"{{ 'x' | own.tools.loud }}\"}\n"}, True),
        # A role that a role uses.
        ({**DECLARED, f"{ROLE}/tasks/main.yml": "- include_role: {name: other}\n", OTHER: USE}, True),
        # Only site.yml uses it.
        ({HOOK: PLAY, f"{ROLE}/tasks/main.yml": "[]", OTHER: USE}, False),
        ({HOOK: PLAY, "site/hooks/site/post.yml": USE}, False),
        ({HOOK: "- {hosts: localhost, tasks: [{my.own.tools.mark: {}}, {own.toolset.mark: {}}]}\n"}, False),
        # Nothing reaches nodes.
        ({f"{ROLE}/tasks/main.yml": USE}, False),
        ({"site/hooks/compute-init/tasks/more.yml": USE}, False),
    ],
)  # fmt: skip
def test_nodes_get_what_their_hooks_and_roles_name(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    made = layer(tmp_path, files, "tools")
    if made.node:
        assert NodeLayer.of(made.node).collections == (("own.tools",) if expected else ())
        assert (json.loads(made.node)["form"] == 3) is expected, "older images read a layer without collections"
    if not expected:
        assert made.node_collections == b""
        assert not (tmp_path / "cache").exists(), "nothing is installed for it"


def test_of_all_collections_nodes_get_those_that_they_need_with_dependencies(tmp_path: Path) -> None:
    made = layer(tmp_path, {HOOK: USE}, "base", "tools", "other", tools={"own.base": ">=1.0.0"})
    assert {path.split("/")[2] for path in contents(made)} == {"base", "tools"}


def test_a_dependency_without_an_exact_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections/own/tools"
    folder.mkdir(parents=True)
    (folder / "MANIFEST.json").write_text(json.dumps({"collection_info": {"dependencies": {"own.base": "*"}}}))
    with pytest.raises(SiteLayerError, match=r"own\.tools depends on the collection own\.base") as refused:
        node_collections.packed(tmp_path, ["own.tools"], ["own.tools"])
    assert (refused.value.where, "add own.base" in refused.value.remedy) == ("requirements.yml", True)


def test_the_same_collections_are_the_same_bytes_without_what_only_developers_need(tmp_path: Path) -> None:
    made = layer(tmp_path, {HOOK: USE}, "tools")
    paths = contents(made)
    assert "ansible_collections/own/tools/roles/hello/tasks/main.yml" in paths
    assert not {path for path in paths if "/tests/" in path or path.endswith("FILES.json")}
    layer_collections.unpack(made.node_collections, tmp_path / "node")
    assert {
        str(path.relative_to(tmp_path / "node")) for path in (tmp_path / "node").rglob("*") if path.is_file()
    } == paths
    installed = next((tmp_path / "cache").rglob("ansible_collections")).parent
    (installed / "ansible_collections/own/tools/tests").mkdir()
    (installed / "ansible_collections/own/tools/tests/long.py").write_text("x")
    for path in installed.rglob("*"):
        os.utime(path, (1, 1))
    assert node_collections.packed(installed, ["own.tools"], ["own.tools"]) == made.node_collections


def test_a_changed_collection_is_another_digest_of_the_layer_and_other_bytes(tmp_path: Path) -> None:
    before = layer(tmp_path, {HOOK: USE}, "tools")
    digests = before.digest, before.node_collections
    collection(tmp_path / "own/site/collections", '[{"debug": {}}]')
    after = layer_of(tmp_path / "own", {})
    assert after.digest != digests[0]
    assert after.node_collections != digests[1]


@pytest.mark.parametrize("limit", ["MOST_PACKED", "MOST_UNPACKED"])
def test_too_much_is_refused_with_the_largest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    made = layer(tmp_path, {HOOK: USE}, "tools")
    monkeypatch.setattr(node_collections, limit, 100)
    with pytest.raises(SiteLayerError, match=r"own\.tools \(\d+ packed\)"):
        _ = made.node_collections


def test_a_file_that_is_no_collection_is_refused(tmp_path: Path) -> None:
    files = {
        "site/requirements.yml": json.dumps({"collections": [{"name": "collections/x.tar.gz"}]}),
        "site/collections/x.tar.gz": "no archive",
    }
    with pytest.raises(SiteLayerError, match="this is no collection") as refused:
        site_layer(repository(tmp_path, files), STACK)
    assert refused.value.where == str(tmp_path / "site/collections/x.tar.gz")


def forged(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    return bz2.compress(plain.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        forged("/etc/x"),
        forged("../x"),
        forged("a/../../x"),
        forged("a", tarfile.SYMTYPE),
        forged("a", tarfile.LNKTYPE),
        forged("a", tarfile.CHRTYPE),
    ],
)
def test_a_node_writes_nothing_outside_the_folder(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"collections\.tar\.bz2|the site's own layer"):
        layer_collections.unpack(content, tmp_path / "node")
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["node"]
    assert list((tmp_path / "node").iterdir()) == []


def test_a_node_refuses_more_than_it_has_memory_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        member = tarfile.TarInfo("a")
        member.size = 101
        tar.addfile(member, io.BytesIO(b"x" * 101))
    monkeypatch.setattr(layer_collections, "MOST_UNPACKED", 100)
    with pytest.raises(ValueError, match="too large"):
        layer_collections.unpack(bz2.compress(plain.getvalue()), tmp_path / "node")
