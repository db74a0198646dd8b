"""The rules of the optional policy pack."""

import importlib.util
import json
from typing import Any

import pytest

from toolchain.paths import REPOSITORY

_SPEC = importlib.util.spec_from_file_location("policy_rules", REPOSITORY / "policy" / "rules.py")
assert _SPEC is not None
assert _SPEC.loader is not None
rules: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rules)

COMMAND, VOLUME = "command:local:Command", "openstack:blockstorage/volume:Volume"
STATE = f"urn:pulumi:s::p::slurm-appliance:index:Cluster$slurm-appliance:index:Storage${VOLUME}::state"
SHARE = "openstack:sharedfilesystem/share:Share"
DATA = f"urn:pulumi:s::p::slurm-appliance:index:Cluster$slurm-appliance:index:Shares${SHARE}::data"
SCRATCH = f"urn:pulumi:s::p::slurm-appliance:index:NodeGroup${VOLUME}::scratch"


@pytest.mark.parametrize(
    ("type_", "request_", "public"),
    [
        (COMMAND, json.dumps({"visibility": "public"}), True),
        (COMMAND, json.dumps({"visibility": "private"}), False),
        (COMMAND, json.dumps({"playbook": "site.yml"}), False),
        (COMMAND, "no JSON", False),
        (COMMAND, None, False),
        (VOLUME, json.dumps({"visibility": "public"}), False),
    ],
)
def test_who_publishes_an_image(type_: str, request_: object, public: bool) -> None:
    assert rules.publishes_image(type_, request_) is public


@pytest.mark.parametrize(
    ("type_", "urn", "protected", "forbidden"),
    [
        (VOLUME, STATE, False, True),
        (VOLUME, STATE, True, False),
        (VOLUME, SCRATCH, False, False),
        (SHARE, DATA, False, True),
        (SHARE, DATA, True, False),
        (f"{SHARE}Access", f"{DATA}.cluster", False, False),
    ],
)
def test_what_must_be_protected(type_: str, urn: str, protected: bool, forbidden: bool) -> None:
    assert rules.unprotected_data(type_, urn, protected=protected) is forbidden
