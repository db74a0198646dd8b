"""Repairs: a state and a cloud in, what to do about their differences out."""

import json
from typing import Any

import pytest

from slurm_appliance.cloud.facts import (
    CloudFacts,
    FloatingIp,
    Named,
    NetworkFacts,
    Port,
    Rule,
    ShareFacts,
    ShareRule,
    SubnetFacts,
    Volume,
)
from slurm_appliance.deployment.repair import Repair, Treatment, plan_repair, repaired
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, port, server

_URN = "urn:pulumi:test::slurm-appliance::x$"


def pending(type_: str, name: str, type_of: str = "creating", **inputs: Any) -> dict[str, Any]:
    urn = f"{_URN}{type_}::{name}"
    return {
        "type": type_of,
        "resource": {"urn": urn, "type": type_, "custom": True, "inputs": {"name": name, **inputs}},
    }


def planned(operation: dict[str, Any], facts: CloudFacts, *resources: dict[str, Any]) -> Repair:
    return plan_repair({"resources": list(resources), "pending_operations": [operation]}, facts, "test")


INSTANCE = "openstack:compute/instance:Instance"
PORT = "openstack:networking/port:Port"
VOLUME = "openstack:blockstorage/volume:Volume"
SHARE = "openstack:sharedfilesystem/share:Share"
ACCESS = "openstack:sharedfilesystem/shareAccess:ShareAccess"
ATTACHMENT = "openstack:compute/volumeAttach:VolumeAttach"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
INTERFACE = "openstack:networking/routerInterface:RouterInterface"

KEY_PAIR = "openstack:compute/keypair:Keypair"
SERVER_GROUP = "openstack:compute/serverGroup:ServerGroup"

MARK = "Slurm cluster demo, environment test, created by slurm-appliance"


def _volume(id_: str) -> Volume:
    return Volume(id_, "demo-state", 5, "available", description=MARK)


def _share(id_: str) -> ShareFacts:
    rule = ShareRule("r", "ip", "10.0.0.0/24", "rw")
    return ShareFacts(id_, "demo-data", description=MARK, rules=(rule,))


_RULE = ("ingress", "IPv4", "tcp", "22", "22", "", "")

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], Treatment, tuple[str, ...]]] = {
    "a server that was made": (
        pending(INSTANCE, "demo-c-0"), {"servers": (server("demo-c-0"),)}, Treatment.REMOVE, ("id-of-demo-c-0",),
    ),
    "a server that was not": (pending(INSTANCE, "demo-c-0"), {"servers": ()}, Treatment.FORGET, ()),
    "somebody else's server": (
        pending(INSTANCE, "demo-c-0"), {"servers": (server("demo-c-0", environment="other"),)}, Treatment.FORGET, (),
    ),
    "two tries at a server": (
        pending(INSTANCE, "demo-c-0"),
        {"servers": (server("demo-c-0", id="a"), server("demo-c-0", id="b"))},
        Treatment.REMOVE,
        ("a", "b"),
    ),
    "a port": (
        pending(PORT, "demo-c-0-cluster", networkId="network-cluster", description=MARK),
        {"ports": (port("demo-c-0-cluster", "10.0.0.5", description=MARK),)},
        Treatment.REMOVE,
        ("id-of-demo-c-0-cluster",),
    ),
    "a port of that name elsewhere": (
        pending(PORT, "demo-c-0-cluster", networkId="network-other"),
        {"ports": (port("demo-c-0-cluster", "10.0.0.5"),)},
        Treatment.FORGET,
        (),
    ),
    "a volume is never removed": (
        pending(VOLUME, "demo-state", description=MARK),
        {"volumes": (_volume("v"),)},
        Treatment.ADOPT,
        ("v",),
    ),
    "two volumes are one too many to take over": (
        pending(VOLUME, "demo-state", description=MARK),
        {"volumes": (_volume("v"), _volume("w"))},
        Treatment.FORGET,
        (),
    ),
    "a share is never removed": (
        pending(SHARE, "demo-data", description=MARK), {"shares": (_share("s"),)}, Treatment.ADOPT, ("s",),
    ),
    "two shares are one too many to take over": (
        pending(SHARE, "demo-data", description=MARK), {"shares": (_share("s"), _share("t"))}, Treatment.FORGET, (),
    ),
    "an access rule": (
        pending(ACCESS, "data.cluster", shareId="s", accessType="ip", accessTo="10.0.0.0/24", accessLevel="rw"),
        {"shares": (_share("s"),)},
        Treatment.ADOPT,
        ("r",),
    ),
    "an access rule of another kind": (
        pending(ACCESS, "data.cluster", shareId="s", accessType="ip", accessTo="10.0.0.0/24", accessLevel="ro"),
        {"shares": (_share("s"),)},
        Treatment.FORGET,
        (),
    ),
    "an attachment": (
        pending(ATTACHMENT, "state", instanceId="s", volumeId="v"),
        {"volumes": (Volume("v", "demo-state", 1, "in-use", ("s",)),)},
        Treatment.ADOPT,
        ("s/v",),
    ),
    "an attachment that was not made": (
        pending(ATTACHMENT, "state", instanceId="s", volumeId="v"),
        {"volumes": (Volume("v", "demo-state", 1, "available"),)},
        Treatment.FORGET,
        (),
    ),
    "a rule": (
        pending(RULE, "ssh", securityGroupId="g", direction="ingress", ethertype="IPv4", protocol="tcp",
                portRangeMin=22, portRangeMax=22, remoteIpPrefix="0.0.0.0/0"),
        {"security_group_rules": (Rule("r", "g", _RULE), Rule("other", "h", _RULE))},
        Treatment.REMOVE,
        ("r",),
    ),
    "a router's interface": (
        pending(INTERFACE, "own", routerId="router", subnetId="s"),
        {"ports": (port("", "10.0.0.1", device_id="router"),)},
        Treatment.ADOPT,
        ("id-of-",),
    ),
    "a security group": (
        pending("openstack:networking/secGroup:SecGroup", "demo-login", description=MARK),
        {"security_groups": (Named("g", "demo-login", MARK), Named("h", "demo-login", "theirs"))},
        Treatment.REMOVE,
        ("g",),
    ),
    "a key pair": (
        pending(KEY_PAIR, "demo", publicKey="ssh-ed25519 AAAA alice@desk"), {"key_pairs": {"demo": "ssh-ed25519 AAAA"}},
        Treatment.REMOVE, ("demo",),
    ),
    "a credential": (
        pending("openstack:identity/applicationCredential:ApplicationCredential", "demo-rebuild", description=MARK),
        {"application_credentials": (Named("c", "demo-rebuild", MARK),)},
        Treatment.REMOVE,
        ("c",),
    ),
    "a floating IP": (
        pending("openstack:networking/floatingIp:FloatingIp", "", description=MARK),
        {
            "floating_ips": (
                FloatingIp("free", "203.0.113.1", description=MARK),
                FloatingIp("used", "203.0.113.2", "port", MARK),
                FloatingIp("theirs", "203.0.113.3"),
            )
        },
        Treatment.REMOVE,
        ("free",),
    ),
    "a floating IP, or another one that was kept on purpose": (
        pending("openstack:networking/floatingIp:FloatingIp", "", description=MARK),
        {"floating_ips": tuple(FloatingIp(f"free-{n}", f"203.0.113.{n}", description=MARK) for n in range(2))},
        Treatment.FORGET,
        (),
    ),
    "a command": (pending("command:local:Command", "munge_key"), {}, Treatment.FORGET, ()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_begun(case: str) -> None:
    operation, facts, treatment, ids = CASES[case]
    (unfinished,) = planned(operation, cloud(**facts)).unfinished
    assert (unfinished.treatment, unfinished.ids) == (treatment, ids)


NAMESAKES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a network": (
        pending("openstack:networking/network:Network", "own", description=MARK),
        {"networks": (NetworkFacts("x", "own", description="theirs"),)},
    ),
    "a subnet": (
        pending("openstack:networking/subnet:Subnet", "own", description=MARK),
        {"subnets": (SubnetFacts("x", "own", "n", "10.0.0.0/24"),)},
    ),
    "a router": (
        pending("openstack:networking/router:Router", "own-router", description=MARK),
        {"routers": (Named("x", "own-router"),)},
    ),
    "a port": (
        pending(PORT, "demo-c-0-cluster", networkId="network-cluster", description=MARK),
        {"ports": (Port("x", "demo-c-0-cluster", "network-cluster"),)},
    ),
    "a security group of another environment": (
        pending("openstack:networking/secGroup:SecGroup", "demo-login", description=MARK),
        {"security_groups": (Named("x", "demo-login", MARK.replace("test", "other")),)},
    ),
    "a volume": (
        pending(VOLUME, "demo-state", description=MARK),
        {"volumes": (Volume("x", "demo-state", 5, "available"),)},
    ),
    "a credential": (
        pending("openstack:identity/applicationCredential:ApplicationCredential", "demo-rebuild", description=MARK),
        {"application_credentials": (Named("x", "demo-rebuild"),)},
    ),
    "a server group, which cannot have a mark": (
        pending(SERVER_GROUP, "demo-general", policies="soft-anti-affinity"),
        {"server_groups": (Named("x", "demo-general"),)},
    ),
    "a key pair with another key": (
        pending(KEY_PAIR, "x", publicKey="ssh-ed25519 AAAA alice@desk"), {"key_pairs": {"x": "ssh-ed25519 BBBB"}},
    ),
    "a key pair whose key is not told": (
        pending(KEY_PAIR, "x", publicKey="ssh-ed25519 AAAA alice@desk"), {"key_pairs": {"x": ""}},
    ),
    "a network where the run that began it set no mark": (
        pending("openstack:networking/network:Network", "own"), {"networks": (NetworkFacts("x", "own"),)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMESAKES)
def test_what_only_has_the_name_is_left_alone_and_told(case: str) -> None:
    operation, facts = NAMESAKES[case]
    (unfinished,) = planned(operation, cloud(**facts)).unfinished
    assert (unfinished.treatment, unfinished.ids, unfinished.left) == (Treatment.FORGET, (), ("x",))
    assert ": x (" in str(unfinished)


def test_what_the_state_knows_is_not_touched() -> None:
    known = {"urn": f"{_URN}{INSTANCE}::demo-c-0", "type": INSTANCE, "id": "id-of-demo-c-0", "inputs": {}}
    operation = pending(INSTANCE, "demo-c-0")
    (unfinished,) = planned(operation, cloud(servers=(server("demo-c-0"),)), known).unfinished
    assert unfinished.treatment is Treatment.FORGET


def test_other_operations_are_the_engines_business() -> None:
    repair = planned(pending(INSTANCE, "demo-c-0", "deleting"), cloud(servers=(server("demo-c-0"),)))
    assert not repair.needed


def test_a_server_that_nova_could_not_make() -> None:
    failed = _server(IMAGE) | {"initErrors": ["unexpected state 'ERROR'"]}
    urn = failed["urn"]
    attachment = {"urn": f"{_URN}{ATTACHMENT}::scratch", "type": ATTACHMENT, "id": "a", "deletedWith": urn}
    folder = {
        "urn": f"{_URN}command:local:Command::inventory",
        "type": "command:local:Command",
        "id": "b",
        "dependencies": ["other", urn],
        "propertyDependencies": {"stdin": [urn, "other"], "create": None},
    }
    state = {"resources": [failed, attachment, folder]}
    repair = plan_repair(state, cloud(servers=(server("demo-c-0", status="ERROR", launched=False),)), "test")
    (each,) = repair.unfinished
    assert (each.treatment, each.ids) == (Treatment.REMOVE, ("id-of-demo-c-0",))
    assert "demo-c-0" in str(each)
    (left,) = repaired(state, repair)["resources"]
    assert left["dependencies"] == left["propertyDependencies"]["stdin"] == ["other"]
    assert state["resources"][2]["dependencies"] == ["other", urn], "the state that was given is not changed"


def test_an_older_server_that_is_still_to_be_deleted_stays_in_the_state() -> None:
    older = _server(IMAGE) | {"id": "older", "delete": True}
    needs = {"urn": "x", "type": "t", "dependencies": [older["urn"]]}
    state = {"resources": [_server(IMAGE), older, needs]}
    repair = plan_repair(state, cloud(servers=(server("demo-c-0", status="ERROR", launched=False),)), "test")
    assert repaired(state, repair)["resources"] == [older, needs]


@pytest.mark.parametrize("more", [{"status": "ERROR"}, {"status": "BUILD", "launched": False}])
def test_a_server_that_ran_or_may_still_run_is_not_taken_away(more: dict[str, Any]) -> None:
    assert not plan_repair({"resources": [_server(IMAGE)]}, cloud(servers=(server("demo-c-0", **more),)), "test").needed


def _server(image: str, **disk: Any) -> dict[str, Any]:
    inputs = {"name": "demo-c-0", **({"blockDevices": [disk]} if disk else {"imageId": image})}
    return {"urn": f"{_URN}{INSTANCE}::demo-c-0", "type": INSTANCE, "id": "id-of-demo-c-0", "inputs": inputs,
            "outputs": {**inputs, "imageName": "x"}}  # fmt: skip


def test_a_server_that_slurm_rebuilt() -> None:
    state = {"resources": [_server(OTHER_IMAGE)]}
    repair = plan_repair(state, cloud(servers=(server("demo-c-0", image_id=IMAGE),)), "test")
    assert [each.image_id for each in repair.reimaged] == [IMAGE]
    (resource,) = repaired(state, repair)["resources"]
    assert resource["inputs"]["imageId"] == resource["outputs"]["imageId"] == IMAGE
    assert state["resources"][0]["inputs"]["imageId"] == OTHER_IMAGE, "the state that was given is not changed"


def test_a_server_that_slurm_rebuilt_on_its_volume() -> None:
    state = {"resources": [_server("", uuid=OTHER_IMAGE, bootIndex=0)]}
    facts = cloud(servers=(server("demo-c-0", image_id=IMAGE, volume_backed=True),))
    (resource,) = repaired(state, plan_repair(state, facts, "test"))["resources"]
    assert (
        resource["inputs"]["blockDevices"] == resource["outputs"]["blockDevices"] == [{"uuid": IMAGE, "bootIndex": 0}]
    )
    assert "imageId" not in resource["inputs"]


@pytest.mark.parametrize("image", [IMAGE, ""])
def test_a_server_that_is_as_the_state_says_or_does_not_tell(image: str) -> None:
    state = {"resources": [_server(IMAGE)]}
    assert not plan_repair(state, cloud(servers=(server("demo-c-0", image_id=image),)), "test").needed


def test_what_is_taken_over_is_in_the_state_and_no_longer_pending() -> None:
    begun = [
        pending(VOLUME, "demo-state", size=5, description=MARK),
        pending(INSTANCE, "demo-c-0"),
        pending(PORT, "p", "updating"),
    ]
    state = {"resources": [], "pending_operations": begun}
    facts = cloud(volumes=(_volume("v"),))
    fixed = repaired(state, plan_repair(state, facts, "test"))
    (volume,) = fixed["resources"]
    assert (volume["id"], volume["outputs"]) == ("v", {"name": "demo-state", "size": 5, "description": MARK})
    assert [each["type"] for each in fixed["pending_operations"]] == ["updating"]


def test_the_same_begun_twice_is_taken_over_once() -> None:
    begun = [pending(VOLUME, "demo-state", description=MARK), pending(VOLUME, "demo-state", description=MARK)]
    state = {"resources": [], "pending_operations": begun}
    fixed = repaired(state, plan_repair(state, cloud(volumes=(_volume("v"),)), "test"))
    assert len(fixed["resources"]) == 1
    assert "pending_operations" not in fixed


def test_a_command_that_was_interrupted_runs_again_even_if_the_change_was_taken_back() -> None:
    command, other = "command:local:Command", "openstack:networking/port:Port"
    site = pending(command, "site", "updating", environment={"A": "2"})
    recorded = {**site["resource"], "id": "i", "inputs": {"create": "run", "environment": {"A": "1"}}}
    before = {"resources": [recorded], "pending_operations": [site, pending(other, "p", "updating")]}
    repair = plan_repair(before, cloud(), "test")
    assert (repair.rerun, repair.needed) == ((recorded["urn"],), True)
    after = repaired(before, repair)
    assert after["resources"][0]["inputs"] == {"create": "run"}
    assert [each["resource"]["type"] for each in after["pending_operations"]] == [other]
    assert plan_repair(after, cloud(), "test").rerun == ()


def test_a_server_that_was_rebuilt_is_configured_again_and_its_keys_are_read_again() -> None:
    command = "command:local:Command"
    rows = [{"known_as": "10.0.0.4", "identity": f"id-of-demo-login-0 {IMAGE}", "keys": ["ssh-ed25519 A"]},
            {"known_as": "10.0.0.5", "identity": f"other {IMAGE}", "keys": ["ssh-ed25519 B"]}]  # fmt: skip
    printed = json.dumps({"keys": rows, "without_keys": []})
    state = {
        "resources": [
            {
                "urn": f"{_URN}{command}::{name}",
                "type": command,
                "inputs": {"environment": {}, "create": "c"},
                "outputs": {"stdout": printed},
            }
            for name in ("inventory", "host-keys", "site")
        ]
    }
    repair = plan_repair(state, cloud(), "test", (server("demo-login-0"),))
    assert repair.needed
    inventory, keys, site = repaired(state, repair)["resources"]
    assert inventory == state["resources"][0]
    assert keys["inputs"] == site["inputs"] == {"create": "c"}
    again = json.loads(keys["outputs"]["stdout"])
    assert again["keys"] == [rows[0] | {"identity": "id-of-demo-login-0 unknown"}, rows[1]]
    assert site["outputs"] == state["resources"][2]["outputs"]
