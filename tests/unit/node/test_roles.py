"""Which roles a run needs: from what was applied and what is given now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.compute_init.applied import given, read_applied, tree_digest, write_applied
from node.compute_init.bundle import Bundle
from node.compute_init.roles import (
    Given,
    RoleDigests,
    RoleInputs,
    decide_roles,
    declared_inputs,
    role_digests,
)

#: As the image has them.
DECLARED = {
    "accounts": {"node_variables": ["deploy_user"]},
    "users": {"node_variables": ["homes"], "files": ["users.json"], "needs": ["accounts"], "follows": ["accounts"]},
    "mounts": {"node_variables": ["homes"], "files": ["key"], "needs": ["users"], "follows": ["users"]},
    "names": {"node_variables": [], "files": ["hosts"]},
    "munge": {"node_variables": ["munge_key"], "reads": ["auth"]},
    "time": {"node_variables": ["time_servers"]},
}
ROLES = declared_inputs(json.dumps(DECLARED))
VARIABLES = {
    "munge_key": "k",
    "auth": "munge",
    "deploy_user": "admin",
    "homes": {"where": "{{ base }}/home"},
    "base": "/srv",
    "time_servers": ["a"],
    "compute_init_roles": ["compute"],
}
FILES = {"users.json": b"{}", "hosts": b"", "key": b"secret", "layer.json": b"{}", "variables.json": b"{}"}


def of(
    variables: Mapping[str, Any] = VARIABLES, files: Mapping[str, bytes] = FILES, boot: str = "b", asked: str = ""
) -> Given:
    return given(variables, Bundle("", dict(files), {}, {}, everything=asked), (), boot)


@pytest.mark.parametrize(
    ("variables", "files", "run"),
    [
        ({}, {}, set()),
        ({}, {"variables.json": b"its digest says nothing"}, set()),
        ({}, {"users.json": b'{"nora": {}}'}, {"accounts", "users", "mounts"}),
        ({}, {"hosts": b"10.0.0.9 new"}, {"names"}),
        ({}, {"key": b"new"}, {"accounts", "users", "mounts"}),
        ({"deploy_user": "root"}, {}, {"accounts", "users", "mounts"}),
        ({"auth": "slurm"}, {}, {"munge"}),
        ({"base": "/other"}, {}, {"accounts", "users", "mounts"}),
        ({"time_servers": ["a", "b"]}, {"hosts": b"new"}, {"names", "time"}),
        ({"time_servers": None}, {}, {"time"}),
    ],
)
def test_what_changed_runs_with_what_belongs_to_it(
    variables: dict[str, Any], files: dict[str, bytes], run: set[str]
) -> None:
    before = role_digests(ROLES, of())
    after = role_digests(ROLES, of({**VARIABLES, **variables}, {**FILES, **files}))
    decision = decide_roles(ROLES, after, before)
    assert decision.everything == ""
    assert set(decision.run) == run
    assert set(decision.skip) == set(ROLES) - run
    assert decision.skip_tags == tuple(f"role_{name}" for name in sorted(set(ROLES) - run))
    assert all(decision.run.values())


@pytest.mark.parametrize(
    "now",
    [
        of({**VARIABLES, "munge_key": "new"}),
        of({**VARIABLES, "nobody_declares_it": 1}),
        of({**VARIABLES, "compute_init_roles": ["compute", "nfs"]}),
        of(files={**FILES, "layer.json": b"other"}),
        of(files={**FILES, "of_a_newer_release": b""}),
        of(files={name: content for name, content in FILES.items() if name != "layer.json"}),
        of(boot="another"),
        of(asked="again"),
        replace(of(), common={}),
        of({name: value for name, value in VARIABLES.items() if name != "munge_key"}),
    ],
)
def test_what_no_role_declares_makes_everything_run(now: Given) -> None:
    decision = decide_roles(ROLES, role_digests(ROLES, now), role_digests(ROLES, of()))
    assert decision.everything
    assert (decision.skip, decision.skip_tags) == ((), ())


@pytest.mark.parametrize(("then", "now", "everything"), [("a", "ab", False), ("ab", "b", True), ("", "", False)])
def test_a_unit_that_stopped_makes_everything_run(then: str, now: str, everything: bool) -> None:
    digests = role_digests(ROLES, of())
    decision = decide_roles(ROLES, replace(digests, units=tuple(now)), replace(digests, units=tuple(then)))
    assert bool(decision.everything) == everything


def test_without_a_record_everything_runs() -> None:
    decision = decide_roles(ROLES, role_digests(ROLES, of()), None)
    assert decision.everything
    assert decision.skip_tags == ()


def test_a_role_that_was_not_known_then_runs() -> None:
    fewer = {name: role for name, role in ROLES.items() if name != "time"}
    before = role_digests(fewer, of({name: value for name, value in VARIABLES.items() if name != "time_servers"}))
    now = role_digests(ROLES, of())
    assert set(decide_roles(ROLES, now, before).run) == {"time"}


def test_a_role_without_a_declaration_is_never_skipped() -> None:
    fewer = {name: role for name, role in ROLES.items() if name != "time"}
    digests = role_digests(fewer, of())
    assert "role_time" not in decide_roles(fewer, digests, digests).skip_tags


def test_circles_end() -> None:
    circle = {
        "a": RoleInputs(frozenset({"x"}), needs=frozenset({"b"})),
        "b": RoleInputs(follows=frozenset({"a"}), needs=frozenset({"a", "gone"})),
    }
    before, after = (role_digests(circle, of({"munge_key": "k", "x": value})) for value in (1, 2))
    assert set(decide_roles(circle, after, before).run) == {"a", "b"}


@pytest.mark.parametrize("text", ["", "[]", "1", '{"a": {}}', '{"a": 1}', '{"a": {"node_variables": 1}}'])
def test_a_damaged_declaration_declares_nothing(text: str) -> None:
    assert declared_inputs(text) == {}


def test_a_digest_tells_nothing_without_the_key() -> None:
    other = replace(of(), key=b"other")
    assert not set(role_digests(ROLES, of()).roles.values()) & set(role_digests(ROLES, other).roles.values())
    assert "secret" not in repr(of())


def test_the_record_is_for_root_only_and_read_as_it_was_written(tmp_path: Path) -> None:
    path, digests = tmp_path / "run/applied.json", replace(role_digests(ROLES, of()), units=("a.service",))
    assert read_applied(path) is None
    write_applied(path, digests)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_applied(path) == digests


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 0}', '{"schema": 1, "common": {}}', '{"schema": 1, "roles": 1}']
)
def test_a_record_that_cannot_be_used_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "applied.json"
    path.write_text(text)
    assert read_applied(path) is None


def test_what_the_image_installed_is_told_by_its_files(tmp_path: Path) -> None:
    first = tree_digest((tmp_path, tmp_path / "gone"))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x.pyc").write_text("x")
    assert tree_digest((tmp_path, tmp_path / "gone")) == first
    (tmp_path / "x.yml").write_text("x")
    assert tree_digest((tmp_path, tmp_path / "gone")) != first


def test_the_log_says_what_runs_and_what_is_skipped() -> None:
    applied = role_digests(ROLES, of())
    lines = decide_roles(ROLES, role_digests(ROLES, of(files={**FILES, "hosts": b"new"})), applied).lines
    assert [line.split(":")[0] for line in lines] == [
        "role names runs",
        "5 of 6 roles are skipped, their inputs have not changed",
    ]
    assert len(decide_roles(ROLES, applied, RoleDigests({}, {})).lines) == 1
