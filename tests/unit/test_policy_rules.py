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
    ("urn", "protected", "forbidden"), [(STATE, False, True), (STATE, True, False), (SCRATCH, False, False)]
)
def test_which_volumes_must_be_protected(urn: str, protected: bool, forbidden: bool) -> None:
    assert rules.unprotected_volume(VOLUME, urn, protected=protected) is forbidden
