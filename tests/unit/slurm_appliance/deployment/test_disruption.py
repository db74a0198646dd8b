"""Which steps somebody would notice."""

import pytest

from slurm_appliance.deployment.disruption import disruptions
from slurm_appliance.engine.steps import Step

_VOLUME = "openstack:blockstorage/volume:Volume"
_SHARE = "openstack:sharedfilesystem/share:Share"
_PORT = "openstack:networking/port:Port"


def step(type_: str, op: str, *replacing: str) -> Step:
    return Step(f"urn:pulumi:t::p::{type_}::x", type_, op, replacing=replacing)


@pytest.mark.parametrize(
    ("type_", "op", "expected"),
    [
        (_VOLUME, "delete", ["Volume x is deleted, with all its data"]),
        (_VOLUME, "update", []),
        (_SHARE, "replace", ["Share x is replaced, with all its data: networkId changed"]),
        (_SHARE, "update", []),
        (f"{_SHARE}Access", "replace", ["ShareAccess x is replaced: networkId changed"]),
        (_PORT, "delete", ["Port x is deleted"]),
        (_PORT, "replace", ["Port x is replaced: networkId changed"]),
        (_PORT, "delete-replaced", []),
        (_PORT, "same", []),
        ("openstack:compute/instance:Instance", "delete", []),
        ("command:local:Command", "delete", []),
        ("openstack:networking/secGroupRule:SecGroupRule", "replace", []),
        ("slurm-appliance:index:NodeGroup", "delete", []),
    ],
)
def test_what_is_taken_away(type_: str, op: str, expected: list[str]) -> None:
    assert disruptions([step(type_, op, "networkId")]) == expected
