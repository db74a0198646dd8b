"""The site's own layer on a compute node: order of hooks, what they are given, and forged paths."""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any, cast

import pytest

from node.ansible_init import playbook
from node.compute_init.layer_collections import FILE as COLLECTIONS_FILE
from node.compute_init.settings import ComputeInitSettings
from node.compute_init.site_layer import FILE, NodeLayer, SiteLayerPathError, course
from tests.unit.node.compute_node import FILES, calls, go, program, put

PRE, POST = "hooks/compute-init/pre.yml", "hooks/compute-init/post.yml"


def packed(*paths: str, variables: dict[str, Any] | None = None, **changes: Any) -> bytes:
    files = {path: {"base64": base64.b64encode(b"- hosts: localhost\n").decode()} for path in paths}
    return json.dumps({"form": 1, "files": files, "variables": variables or {}} | changes).encode()


@pytest.fixture
def order(settings: ComputeInitSettings, tmp_path: Path) -> Path:
    """Where the playbooks are recorded, with what they were given."""
    program(tmp_path / "ansible-playbook", f"""
        import json, os, pathlib, sys
        at = sys.argv.index("--extra-vars") + 1
        values = json.load(open(sys.argv[at][1:]))
        at += 2 if "--skip-tags" in sys.argv else 0
        books = [pathlib.Path(each).name if "/layer/" not in each else each.partition("/layer/")[2]
                 for each in sys.argv[at + 1:]]
        there = [pathlib.Path(each).exists() for each in sys.argv[at + 1:] if "/layer/" in each]
        seen = {{"books": books, "values": values, "there": there, "roles": os.environ.get("ANSIBLE_ROLES_PATH")}}
        seen["skip"] = "--skip-tags" in sys.argv
        folders = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
        seen["collections"] = [folders, (pathlib.Path(folders.partition(":")[0]) / "ansible_collections/a").exists()]
        with open({str(tmp_path / "calls")!r}, "a") as file:
            print(json.dumps(seen), file=file)
        sys.exit(2 if values.get("break") else 0)
        """)  # fmt: skip
    return settings.work / "layer"


def books(tmp_path: Path) -> list[list[str]]:
    return [cast("list[str]", call["books"]) for call in calls(tmp_path)]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], [["compute-init.yml", "compute-rejoin.yml"]]),
        ([f"site/{PRE}"], [[f"site/{PRE}"], ["compute-init.yml", "compute-rejoin.yml"]]),
        ([f"environment/{POST}"], [["compute-init.yml"], [f"environment/{POST}"], ["compute-rejoin.yml"]]),
        (
            [f"environment/{PRE}", f"site/{PRE}", f"environment/{POST}", f"site/{POST}"],
            [
                [f"site/{PRE}"],
                [f"environment/{PRE}"],
                ["compute-init.yml"],
                [f"site/{POST}"],
                [f"environment/{POST}"],
                ["compute-rejoin.yml"],
            ],
        ),
    ],
)
def test_hooks_run_around_our_roles_before_the_node_takes_jobs(
    settings: ComputeInitSettings,
    folder: Path,
    tmp_path: Path,
    order: Path,
    paths: list[str],
    expected: list[list[str]],
) -> None:
    put(folder, FILES | ({FILE: packed(*paths)} if paths else {}))
    status, record, _ = go(settings)
    assert (status, record.state) == (0, "done")
    assert books(tmp_path) == expected
    assert all(all(cast("list[bool]", call["there"])) for call in calls(tmp_path))
    assert not order.parent.exists(), "nothing stays"


def test_a_hook_is_given_the_layers_variables_as_data_and_nothing_else(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path
) -> None:
    put(folder, FILES | {FILE: packed(f"site/{PRE}", variables={"own": "{{ munge_key }}"})})
    go(settings)
    hook, ours = calls(tmp_path)
    assert hook["values"] == {"own": {"__ansible_unsafe": "{{ munge_key }}"}, "site_layer_files": f"{order}/files"}
    assert hook["roles"] == f"{settings.roles}:{order}/roles"
    assert "own" not in cast("dict[str, Any]", ours["values"])
    assert ours["roles"] is None


def test_our_roles_find_their_variables_in_hooks_too(settings: ComputeInitSettings, folder: Path) -> None:
    """With the real Ansible; the layer's own folder of that name stays as it is."""
    ours = settings.playbook.parent / "group_vars/all/ours.yml"
    ours.parent.mkdir(parents=True)
    ours.write_text("of_ours: constant\n")
    said = folder.parent / "said"
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.copy": {"content": "{{ of_ours }}", "dest": str(said), "mode": "0600"}}],
        }
    ]
    layer = json.loads(packed(f"site/{PRE}"))
    layer["files"][f"site/{PRE}"]["base64"] = base64.b64encode(json.dumps(play).encode()).decode()
    written = settings.work.with_name("written")
    written.parent.mkdir(parents=True, exist_ok=True)
    NodeLayer.of(json.dumps(layer).encode()).write(written, settings.playbook.parent / "group_vars")
    playbook.run([written / "site" / PRE], {}, str(Path(sys.executable).with_name("ansible-playbook")))
    assert said.read_text() == "constant"

    own = json.loads(packed(f"site/{PRE}", "site/hooks/compute-init/group_vars/all.yml"))
    NodeLayer.of(json.dumps(own).encode()).write(written.with_name("other"), settings.playbook.parent / "group_vars")
    assert not (written.with_name("other") / "site/hooks/compute-init/group_vars").is_symlink()


def test_a_failed_hook_is_named_and_the_node_does_not_rejoin(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path
) -> None:
    put(folder, FILES | {FILE: packed(f"site/{POST}", variables={"break": True})})
    status, record, _ = go(settings)
    assert (status, record.state, record.step) == (1, "role-failed", f"site/{POST}")
    assert books(tmp_path) == [["compute-init.yml"], [f"site/{POST}"]]
    assert not order.parent.exists()


def test_a_changed_layer_runs_everything_again(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path
) -> None:
    put(folder, FILES | {FILE: packed(f"site/{PRE}")})
    go(settings)
    assert go(settings)[1].state == "unchanged"
    put(folder, FILES | {FILE: packed(f"site/{PRE}", "files/a")})
    assert go(settings)[1].state == "done"
    assert len(calls(tmp_path)) == 4
    assert order


FORGED = ["/etc/x", "../x", "roles/../../x", "roles//x", "./x", "", "roles/", "a\0b", "a\\b"]


@pytest.mark.parametrize("path", FORGED)
def test_a_path_that_leaves_the_folder_is_refused_before_anything_runs(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path, path: str
) -> None:
    with pytest.raises(SiteLayerPathError):
        NodeLayer.of(packed(path))
    put(folder, FILES | {FILE: packed(f"site/{PRE}", path)})
    status, record, _ = go(settings)
    assert (status, record.state) == (1, "wrong-bundle")
    assert calls(tmp_path) == []
    assert not order.parent.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        packed(form=4),
        packed(files=[]),
        packed(files={"a": {"base64": "?"}}),
        packed(files={"a": {"link": "/etc"}}),
        b'{"form": 1, "files": {}}',
    ],
)
def test_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(SiteLayerPathError):
        NodeLayer.of(content)


def collections(content: bytes = b"a") -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:bz2") as tar:
        member = tarfile.TarInfo("ansible_collections/a/b/c")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return plain.getvalue()


WITH_COLLECTIONS = packed(
    f"site/{PRE}", "roles/own/tasks/main.yml", form=3, entries={"own": "nfs"}, collections=["a.b"]
)


def test_hooks_and_roles_of_the_layer_find_its_collections_before_those_of_the_image(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path
) -> None:
    put(folder, FILES | {FILE: WITH_COLLECTIONS, COLLECTIONS_FILE: collections()})
    assert go(settings)[0] == 0
    given = [f"{order}/collections:/root/.ansible/collections:/usr/share/ansible/collections", True]
    assert [(call["books"], call["collections"]) for call in calls(tmp_path)] == [
        ([f"site/{PRE}"], given),
        (["compute-init.yml"], ["", False]),
        (["roles.yml"], given),
        (["compute-rejoin.yml"], ["", False]),
    ]
    assert not order.parent.exists(), "nothing stays"


@pytest.mark.parametrize("files", [{}, {COLLECTIONS_FILE: b"damaged"}])
def test_without_its_collections_a_layer_does_not_run(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path, files: dict[str, bytes]
) -> None:
    put(folder, FILES | {FILE: WITH_COLLECTIONS} | files)
    status, record, _ = go(settings)
    assert (status, record.state) == (1, "wrong-bundle")
    assert COLLECTIONS_FILE in record.reason + record.error
    assert calls(tmp_path) == []
    assert not order.parent.exists()


@pytest.mark.usefixtures("order")
def test_changed_collections_run_everything_again(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    settings.declared.parent.mkdir()
    settings.declared.write_text(json.dumps({"names": {"node_variables": [], "files": ["hosts"]}}))
    put(folder, FILES | {FILE: WITH_COLLECTIONS, COLLECTIONS_FILE: collections()})
    go(settings)
    assert go(settings)[1].state == "unchanged"
    number = len(calls(tmp_path))
    put(folder, FILES | {FILE: WITH_COLLECTIONS, COLLECTIONS_FILE: collections(b"other")})
    _, record, lines = go(settings)
    assert record.state == "done"
    assert [call["skip"] for call in calls(tmp_path)[number:]] == [False] * 4
    assert "all roles run: the site's own layer changed" in lines


def test_a_path_is_a_file_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SiteLayerPathError):
        NodeLayer.of(packed("a", "a/b")).write(tmp_path / "layer", tmp_path / "group_vars")


def test_our_playbooks_share_a_process_unless_a_hook_is_between_them(tmp_path: Path) -> None:
    roles, rejoin = tmp_path / "roles.yml", tmp_path / "rejoin.yml"
    assert list(course(roles, rejoin, None, tmp_path)) == [("roles.yml", (roles, rejoin))]


def test_roles_that_the_node_runs_itself_come_after_ours_with_the_nodes_variables(
    settings: ComputeInitSettings, folder: Path, tmp_path: Path, order: Path
) -> None:
    layer = packed(f"site/{POST}", "roles/own/tasks/main.yml", variables={"a": 1}, form=2, entries={"own": "nfs"})
    put(folder, FILES | {FILE: layer})
    assert go(settings)[0] == 0
    assert books(tmp_path) == [["compute-init.yml"], ["roles.yml"], [f"site/{POST}"], ["compute-rejoin.yml"]]
    ours, own, hook, _rejoin = (cast("dict[str, Any]", call["values"]) for call in calls(tmp_path))
    assert own == {**ours, "site_layer_files": f"{order}/files"}
    assert calls(tmp_path)[1]["roles"] == f"{settings.roles}:{order}/roles"
    assert hook == {"a": 1, "site_layer_files": f"{order}/files"}


def test_each_of_them_runs_where_its_entry_is_enabled(tmp_path: Path) -> None:
    layer = NodeLayer.of(packed("roles/own/tasks/main.yml", form=2, entries={"own": "nfs"}))
    layer.write(tmp_path / "layer", tmp_path / "group_vars")
    [play] = json.loads((tmp_path / "layer/roles.yml").read_text())
    [task] = play["tasks"]
    assert task["ansible.builtin.include_role"] == {"name": "own"}
    assert task["when"] == '"nfs" in compute_init_roles'


@pytest.mark.usefixtures("order")
def test_hooks_always_run_and_skip_nothing(settings: ComputeInitSettings, folder: Path, tmp_path: Path) -> None:
    inputs = {name: {"node_variables": [], "files": [name]} for name in ("hosts", "users.json")}
    settings.declared.parent.mkdir()
    settings.declared.write_text(json.dumps(inputs))
    layer = {FILE: packed(f"site/{PRE}", f"site/{POST}")}
    put(folder, FILES | layer)
    go(settings)
    number = len(calls(tmp_path))
    put(folder, FILES | layer | {"users.json": b'{"nora": {}}'})
    go(settings)
    assert [(call["books"], call["skip"]) for call in calls(tmp_path)[number:]] == [
        ([f"site/{PRE}"], False),
        (["compute-init.yml"], True),
        ([f"site/{POST}"], False),
        (["compute-rejoin.yml"], True),
    ]
