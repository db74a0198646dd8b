import dataclasses
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slurm_appliance.hostvars.bundle import MOST_BYTES, ComputeNode, SharedFile, bundle, listed, node_variables
from slurm_appliance.hostvars.errors import HostVariablesError

_VARIABLES = {
    "control_address": "10.0.0.2",
    "mounts": [{"path": "/home", "server": "{{ nfs_server }}"}],
    "nfs_server": "{{ control_address }}",
    "memory": "{{ ansible_facts.memtotal_mb }}",
    "slurm_database_password": "s3cret",
    "leak": "{{ slurm_database_password }}",
    "other": "not for nodes",
}


def _node(*allowed: str, **more: Any) -> ComputeNode:
    return ComputeNode("c1", "10.0.0.5", "server", "image", _VARIABLES | more, frozenset(allowed))


def test_what_is_allowed_and_what_that_refers_to() -> None:
    chosen = node_variables(_node("mounts", "memory", "not_set_anywhere"))

    assert chosen == {name: _VARIABLES[name] for name in ("control_address", "memory", "mounts", "nfs_server")}


def test_a_forbidden_variable_is_named_with_the_one_that_refers_to_it() -> None:
    forbidden = {"slurm_database_password"}
    with pytest.raises(HostVariablesError, match=r"slurm_database_password\b.*\bleak\b"):
        node_variables(_node("leak"), forbidden)
    with pytest.raises(HostVariablesError, match=r"slurm_database_password\b.*\broles\b"):
        node_variables(_node("slurm_database_password"), forbidden)
    assert node_variables(_node("other"), forbidden) == {"other": "not for nodes"}


def test_variables_that_refer_to_each_other_end() -> None:
    assert set(node_variables(_node("a", a="{{ b }}", b="{{ a }}"))) == {"a", "b"}


def test_a_value_that_means_something_else_on_a_node_is_named() -> None:
    with pytest.raises(HostVariablesError, match=r"\ba\b.*\bhostvars\b") as refused:
        node_variables(_node("a", a="{{ hostvars }}"))
    assert refused.value.where == "c1"


def test_files() -> None:
    hosts = listed(SharedFile(b"x", keep=True))
    files = bundle(_node("control_address"), {"hosts": hosts})
    head = json.loads(files["bundle.json"])

    assert set(files) == {"bundle.json", "variables.json"}
    assert head == {
        "schema": 2,
        "node": "c1",
        "instance_id": "server",
        "image_id": "image",
        "files": {"hosts": hosts, "variables.json": listed(SharedFile(files["variables.json"]))},
    }
    assert hosts == {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1, "keep": True}
    assert json.loads(files["variables.json"]) == {"control_address": "10.0.0.2"}


def test_a_bundle_that_is_too_large_says_what_makes_it_so() -> None:
    with pytest.raises(HostVariablesError, match=r"big \(10003\), control_address"):
        bundle(_node("big", "control_address", big="x" * MOST_BYTES), {})


@given(st.sets(st.sampled_from(sorted(_VARIABLES))))
def test_never_more_than_allowed_or_referred_to(allowed: set[str]) -> None:
    node = dataclasses.replace(_node(), allowed=frozenset(allowed))
    chosen = node_variables(node)

    assert allowed <= set(chosen)
    if not allowed & {"leak", "slurm_database_password"}:
        assert "s3cret" not in json.dumps(chosen)
    if "other" not in allowed:
        assert "other" not in chosen
