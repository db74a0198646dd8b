"""What outlives a cluster."""

from typing import Any

from slurm_appliance.config import from_mapping
from slurm_appliance.deployment.keeping import (
    external_resources,
    has_hooks,
    kept_resources,
    with_protection,
    without_hooks,
    without_protection,
)
from tests.unit.slurm_appliance.config.examples import largest, smallest

_VOLUME = "openstack:blockstorage/volume:Volume"

_SHARE = "openstack:sharedfilesystem/share:Share"


def _resource(type_: str, name: str, above: str = "", **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:t::p::{above}{type_}::{name}", "type": type_, "id": f"id-of-{name}", **more}


FILESYSTEMS = {
    "theirs": {"type": "nfs", "share": "theirs", "mount_point": "/theirs"},
    "ours": {"type": "nfs", "create": {"size": 1}, "mount_point": "/ours"},
}
STATE = {
    "resources": [
        _resource(_VOLUME, "state", protect=True, retainOnDelete=True, outputs={"name": "demo-state", "size": 5}),
        _resource(_SHARE, "data", protect=True, retainOnDelete=True, outputs={"name": "demo-data", "size": 9}),
        _resource(f"{_SHARE}Access", "data.cluster"),
        _resource(_VOLUME, "demo-c-0.scratch"),
        _resource("command:local:Command", "munge_key", "slurm-appliance:index:Secrets$"),
        _resource("command:local:Command", "site", "slurm-appliance:index:Site$"),
    ]
}


def test_protected_volumes_stay_and_the_secrets_with_them() -> None:
    assert [(each.what, each.data) for each in kept_resources(STATE)] == [
        ("volume demo-state (id-of-state, 5 GB)", True),
        ("share demo-data (id-of-data, 9 GB)", True),
        ("secret munge_key", False),
    ]


def test_without_volumes_nothing_stays() -> None:
    assert kept_resources({"resources": STATE["resources"][2:]}) == kept_resources({}) == []


def test_states_are_marked_and_not_changed() -> None:
    marked = with_protection(STATE, [each.urn for each in kept_resources(STATE)])
    assert [bool(each.get("protect")) for each in marked["resources"]] == [True, True, False, False, True, False]
    free = without_protection(marked)
    assert not [each for each in free["resources"] if "protect" in each or "retainOnDelete" in each]
    assert "protect" not in STATE["resources"][4]


def test_what_was_there_before_is_named() -> None:
    small = from_mapping(smallest(state_volume_provisioning="attach"), "test")
    shared = from_mapping(smallest(filesystems=FILESYSTEMS), "test")
    assert external_resources(shared)[-1] == "share theirs"
    assert "demo-ours" not in str(external_resources(shared))
    assert external_resources(small) == ["network cluster", "key pair operators", "volume demo-state"]
    assert external_resources(from_mapping(largest(), "test")) == ["network storage", "floating IP 203.0.113.10"]


def test_a_state_without_hooks_is_otherwise_the_same() -> None:
    state = {"version": 3, "resources": [{"urn": "a", "resourceHooks": {"beforeDelete": ["x"]}}, {"urn": "b"}]}
    assert has_hooks(state)
    slim = without_hooks(state)
    assert slim == {"version": 3, "resources": [{"urn": "a"}, {"urn": "b"}]}
    assert not has_hooks(slim)
