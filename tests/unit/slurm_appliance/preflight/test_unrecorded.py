"""State and project compared: one case a line, what the project has, what the state records, what is said."""

from typing import Any

import pytest

from slurm_appliance.cloud.facts import CloudAccess, Named, NetworkFacts, SubnetFacts, Volume
from slurm_appliance.config import from_mapping
from slurm_appliance.engine.recorded import recorded
from slurm_appliance.engine.steps import PORT, SECURITY_GROUP, SERVER, VOLUME
from slurm_appliance.preflight import Findings, examine
from tests.unit.clouds import cloud, port, server
from tests.unit.slurm_appliance.config.examples import smallest

_NODES = ("demo-control", "demo-login-0", "demo-c-0", "demo-c-1")


def resource(type_: str, id_: str, name: str, project: str = "") -> dict[str, Any]:
    return {"urn": name, "type": type_, "id": id_, "inputs": {"name": name}, "outputs": {"tenantId": project}}


def findings(
    resources: list[dict[str, Any]], facts: dict[str, Any], begun: list[tuple[str, str]] | None = None, **changes: Any
) -> Findings:
    groups = {"login": {"entry": {"nodes": ["login-0"], "flavor": "m1.small"}},
              "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": "m1.small"}}}  # fmt: skip
    config = from_mapping(smallest(**groups, **changes), "test", environment="test")
    known = recorded({"resources": resources}, "test", "s3://states", begun or [])
    return examine(config, cloud(**{"volumes": (), **facts}), known)


SERVERS = tuple(server(name) for name in _NODES)
RECORDED = [resource(SERVER, f"id-of-{name}", name) for name in _NODES]

CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[str]]] = {
    "nothing on both sides": ([], {}, []),
    "what is recorded": (RECORDED, {"servers": SERVERS}, []),
    "an empty state": (
        [], {"servers": SERVERS},
        ["the state of stack test in s3://states records no server, but the project has 4 servers (demo-c-0, demo-c-1, "
         "demo-control, demo-login-0) of environment test"],
    ),
    "an empty state, and more than nodes": (
        [], {"servers": (SERVERS[0],), "ports": (port("demo-c-0-cluster"),)},
        ["the state of stack test in s3://states records no server, but the project has 1 server (demo-control) of",
         "the project has 1 port (demo-c-0-cluster (id-of-demo-c-0-cluster)), which the state of"],
    ),
    "an empty state, and nodes that the configuration has no more": (
        [], {"servers": (server("demo-old"),)},
        ["the state of stack test in s3://states records no server, but the project has 1 server (demo-old) of"],
    ),
    "a server that the state lacks": (
        RECORDED[1:], {"servers": SERVERS},
        ["the project has 1 server (demo-control (id-of-demo-control)), which the state of stack test in s3://states "
         "does not record: up would create it again"],
    ),
    "a server of another environment beside an empty state": ([], {"servers": (server("x", environment="y"),)}, []),
    "a volume": (
        [], {"volumes": (Volume("v", "demo-home", 1, "available"),)},
        ["the project has 1 volume (demo-home (v)), which"],
    ),
    "a recorded volume and its namesake": (
        [resource(VOLUME, "v", "demo-home")],
        {"volumes": (Volume("v", "demo-home", 1, "available"), Volume("w", "demo-home", 1, "available"))}, [],
    ),
    "a security group and a server group": (
        [], {"security_groups": (Named("g", "demo-login"),), "server_groups": (Named("s", "demo-general"),)},
        ["the project has 1 security group (demo-login (g)), which"],
    ),
    "a recorded security group that was made anew by hand": (
        [resource(SECURITY_GROUP, "g", "demo-login")], {"security_groups": (Named("h", "demo-login"),)}, [],
    ),
    "another project": (
        [resource(PORT, "p", "demo-c-0-cluster", "theirs")], {"access": CloudAccess(project_id="mine")},
        ["the state of stack test in s3://states records resources of project theirs, but these credentials are for "
         "project mine"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit(case: str) -> None:
    resources, facts, expected = CASES[case]
    found = [problem.what for problem in findings(resources, facts).state]
    assert len(found) == len(expected)
    for what, beginning in zip(found, expected, strict=True):
        assert what.startswith(beginning)


def test_created_networks_and_key_pairs_are_compared_too() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"
    create = {"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "external"}}
    facts = {
        "networks": (NetworkFacts("n", "own"), NetworkFacts("network-external", "external", external=True)),
        "subnets": (SubnetFacts("s", "own", "n", "10.9.0.0/24"),),
        "routers": (Named("r", "own-router"),),
        "key_pairs": ("mine",),
    }
    found = findings([], facts, cluster_networks=[create], key_pair={"name": "mine", "public_key": key})
    kinds = ["network", "subnet", "router", "key pair"]
    assert [problem.what.partition(" (")[0] for problem in found.state] == [f"the project has 1 {k}" for k in kinds]


def test_what_an_interrupted_run_began_is_the_next_ones_business() -> None:
    facts = {"servers": SERVERS}
    assert findings(RECORDED[1:], facts, [(SERVER, "id-of-demo-control")]).state == ()


def test_a_server_with_our_mark_that_nobody_knows_is_noted() -> None:
    found = findings(RECORDED, {"servers": (*SERVERS, server("demo-c-9"))})
    assert found.state == ()
    [note] = found.notes
    assert note.path == "demo-c-9"
    assert "environment test" in note.what


def test_whoever_does_not_repair_names_who_does() -> None:
    state = {"resources": RECORDED[1:], "pending_operations": [{"type": "creating"}]}
    groups = {"login": {"entry": {"nodes": ["login-0"], "flavor": "m1.small"}},
              "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": "m1.small"}}}  # fmt: skip
    config = from_mapping(smallest(**groups), "test", environment="test")
    (problem,) = examine(config, cloud(servers=SERVERS, volumes=()), recorded(state, "test", "s3://states")).state
    assert "`./slurm-appliance up`" in problem.remedy
