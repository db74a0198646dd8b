"""Which servers have been rebuilt since site.yml configured them."""

import json
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.deployment.unconfigured import unconfigured, without_identities
from slurm_appliance.nodes.groups import configured_by_site
from slurm_appliance.nodes.groups import groups as groups_of
from slurm_appliance.playbooks.inventory_file import INVENTORY, dump
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, server
from tests.unit.slurm_appliance.config.examples import smallest

NAME, URN = "demo-login-0", "urn:pulumi:t::p::openstack:compute/instance:Instance::demo-login-0"


def state(image: str = IMAGE) -> dict[str, Any]:
    # The site's texts are marked as data in it.
    host = {"image_id": image, "motd": "Welcome {friend}"}
    files = {INVENTORY: dump({"all": {"hosts": {NAME: host}}}), "inventory/users.json": "{}"}
    return {
        "resources": [
            {"urn": URN, "type": "openstack:compute/instance:Instance", "id": f"id-of-{NAME}"},
            {"urn": "u::inventory", "type": "command:local:Command", "inputs": {"stdin": json.dumps({"files": files})}},
        ]
    }


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "as it was configured": (state(), {"image_id": IMAGE}, False),
    "another image": (state(), {"image_id": OTHER_IMAGE}, True),
    "an image that is not told": (state(), {"image_id": ""}, False),
    "another server of that name": (state(), {"image_id": OTHER_IMAGE, "id": "new"}, False),
    "no inventory yet": ({"resources": state()["resources"][:1]}, {"image_id": OTHER_IMAGE}, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_server(case: str) -> None:
    deployment, facts, expected = CASES[case]
    found = unconfigured(deployment, cloud(servers=(server(NAME, **facts),)), frozenset({NAME}))
    assert [each.name for each in found] == ([NAME] if expected else [])


def test_servers_that_others_configure_or_the_run_leaves_alone_are_not_looked_at() -> None:
    facts = cloud(servers=(server(NAME, image_id=OTHER_IMAGE),))
    assert unconfigured(state(), facts, frozenset({"demo-c-0"})) == ()
    assert unconfigured(state(), facts, frozenset({NAME}), ("**::demo-login-*",)) == ()


def test_compute_nodes_configure_themselves() -> None:
    groups = {
        "login": {"entry": {"nodes": ["login-0"], "flavor": "small"}},
        "compute": {"general": {"nodes": ["c-0"], "flavor": "small"}},
        "additional_nodegroups": {"portal": {"nodes": ["portal-0"], "flavor": "small"}},
    }
    config = from_mapping(smallest() | groups, "test", environment="test")
    assert configured_by_site(groups_of(config)) == {"demo-control", "demo-login-0", "demo-portal-0"}


@pytest.mark.parametrize("printed", ["", '{"without_keys": []}'])
def test_releases_that_recorded_no_keys(printed: str) -> None:
    assert without_identities(printed, {"x"}) == printed
