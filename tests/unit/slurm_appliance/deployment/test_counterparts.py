"""What the cloud has of a planned resource, and what must not be taken."""

from typing import Any

import pytest

from slurm_appliance.cloud.facts import CloudFacts, Named, Rule, ShareFacts, ShareRule, Volume
from slurm_appliance.config import from_mapping
from slurm_appliance.deployment.counterparts import Counterparts, Fate, claimed
from slurm_appliance.engine.stand_in import Creation
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    COMMAND,
    CREDENTIAL,
    KEY_PAIR,
    PORT,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SERVER,
    SERVER_GROUP,
    SHARE,
    SHARE_ACCESS,
    VOLUME,
)
from slurm_appliance.secrets.recovered import RecoveredSecrets
from tests.unit.clouds import cloud, port, server
from tests.unit.slurm_appliance.config.examples import smallest

MARK = "Slurm cluster demo, environment test, created by slurm-appliance"
CONFIG = from_mapping(smallest(), "test", environment="test")
CONTROL = server("demo-control")
PORTS = {"networkId": "network-cluster", "description": MARK}


def planned(type_: str, urn_name: str, **inputs: Any) -> Creation:
    return Creation(f"urn:pulumi:test::slurm-appliance::x${type_}::{urn_name}", type_, inputs)


def seek(facts: CloudFacts, wanted: Creation, **recovered: str) -> tuple[Fate, str, list[str]]:
    """Fate, ID, and what is refused."""
    marked, problems = claimed(CONFIG, facts)
    assert not problems
    counterparts = Counterparts(CONFIG, marked, RecoveredSecrets(**recovered))  # type: ignore[arg-type]
    counterparts.create(wanted)
    (found,) = counterparts.found
    return found.fate, found.id, [problem.path for problem in counterparts.problems]


CASES: dict[str, tuple[dict[str, Any], Creation, tuple[Fate, str, list[str]]]] = {
    "a server": (
        {"servers": (CONTROL,)}, planned(SERVER, "demo-control", name="demo-control"),
        (Fate.ADOPT, "id-of-demo-control", []),
    ),
    "no server": ({"servers": ()}, planned(SERVER, "demo-control", name="demo-control"), (Fate.CREATE, "", [])),
    "a server of the reference appliance": (
        {"servers": (server("demo-control", environment="", reference="/env/site"),)},
        planned(SERVER, "demo-control", name="demo-control"),
        (Fate.ADOPT, "id-of-demo-control", []),
    ),
    "a server of nobody": (
        {"servers": (server("demo-control", environment=""),)},
        planned(SERVER, "demo-control", name="demo-control"),
        (Fate.CREATE, "", []),
    ),
    "a server's port without our mark": (
        {"servers": (CONTROL,), "ports": (port("demo-control-cluster", device_id=CONTROL.id),)},
        planned(PORT, "demo-control.cluster", name="demo-control-cluster", **PORTS),
        (Fate.ADOPT, "id-of-demo-control-cluster", []),
    ),
    "a server's port with another name": (
        {"servers": (CONTROL,), "ports": (port("eth0", device_id=CONTROL.id), port("demo-control-cluster"))},
        planned(PORT, "demo-control.cluster", name="demo-control-cluster", **PORTS),
        (Fate.ADOPT, "id-of-eth0", []),
    ),
    "two ports of a server on one network": (
        {"servers": (CONTROL,), "ports": (port("eth0", device_id=CONTROL.id), port("eth1", device_id=CONTROL.id))},
        planned(PORT, "demo-control.cluster", name="demo-control-cluster", **PORTS),
        (Fate.CREATE, "", ["demo-control-cluster"]),
    ),
    "a server without a port on a network": (
        {"servers": (CONTROL,), "ports": (port("demo-control-cluster"),)},
        planned(PORT, "demo-control.cluster", name="demo-control-cluster", **PORTS),
        (Fate.CREATE, "", ["demo-control-cluster"]),
    ),
    "a leftover port of ours": (
        {"servers": (), "ports": (port("demo-c-0-cluster", description=MARK),)},
        planned(PORT, "demo-c-0.cluster", name="demo-c-0-cluster", **PORTS),
        (Fate.ADOPT, "id-of-demo-c-0-cluster", []),
    ),
    "a port of nobody": (
        {"servers": (), "ports": (port("demo-c-0-cluster"),)},
        planned(PORT, "demo-c-0.cluster", name="demo-c-0-cluster", **PORTS),
        (Fate.CREATE, "", ["demo-c-0-cluster"]),
    ),
    "an attached volume without our mark": (
        {"servers": (CONTROL,), "volumes": (Volume("v", "demo-home", 1, "in-use", (CONTROL.id,)),)},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.ADOPT, "v", []),
    ),
    "a volume of ours, and another one with its name": (
        {"servers": (), "volumes": (Volume("v", "demo-home", 1, "available", description=MARK),
                                    Volume("w", "demo-home", 1, "available"))},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.ADOPT, "v", []),
    ),
    "two volumes of ours": (
        {"servers": (), "volumes": (Volume("v", "demo-home", 1, "available", description=MARK),
                                    Volume("w", "demo-home", 1, "available", description=MARK))},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.CREATE, "", ["demo-home"]),
    ),
    "a volume of nobody": (
        {"servers": (), "volumes": (Volume("v", "demo-home", 1, "available"),)},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.CREATE, "", ["demo-home"]),
    ),
    "a running node without its volume": (
        {"servers": (CONTROL,), "volumes": ()},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.CREATE, "", ["demo-home"]),
    ),
    "neither node nor volume": (
        {"servers": (), "volumes": ()},
        planned(VOLUME, "home", name="demo-home", description=MARK), (Fate.CREATE, "", []),
    ),
    "a share of ours, and another one with its name": (
        {"servers": (CONTROL,),
         "shares": (ShareFacts("s", "demo-data", description=MARK), ShareFacts("t", "demo-data"))},
        planned(SHARE, "data", name="demo-data", description=MARK), (Fate.ADOPT, "s", []),
    ),
    "a share of nobody": (
        {"servers": (CONTROL,), "shares": (ShareFacts("t", "demo-data"),)},
        planned(SHARE, "data", name="demo-data", description=MARK), (Fate.CREATE, "", ["demo-data"]),
    ),
    "running nodes without their share": (
        {"servers": (CONTROL,), "shares": ()},
        planned(SHARE, "data", name="demo-data", description=MARK), (Fate.CREATE, "", ["demo-data"]),
    ),
    "neither nodes nor share": (
        {"servers": (), "shares": ()},
        planned(SHARE, "data", name="demo-data", description=MARK), (Fate.CREATE, "", []),
    ),
    "an access rule": (
        {"shares": (ShareFacts("s", "demo-data", rules=(ShareRule("r", "cephx", "u", "rw"),)),)},
        planned(SHARE_ACCESS, "data", shareId="s", accessType="cephx", accessTo="u", accessLevel="rw"),
        (Fate.ADOPT, "r", []),
    ),
    "an attachment": (
        {"volumes": (Volume("v", "demo-home", 1, "in-use", ("s",)),)},
        planned(ATTACHMENT, "home", instanceId="s", volumeId="v"), (Fate.ADOPT, "s/v", []),
    ),
    "a rule, its ports as the engine's protocol has them": (
        {"security_group_rules": (Rule("r", "g", ("ingress", "IPv4", "tcp", "22", "22", "", "")),)},
        planned(SECURITY_GROUP_RULE, "ssh", direction="ingress", ethertype="IPv4", protocol="tcp",
                portRangeMin=22.0, portRangeMax=22.0, remoteIpPrefix="0.0.0.0/0", securityGroupId="g"),
        (Fate.ADOPT, "r", []),
    ),
    "a security group of ours": (
        {"security_groups": (Named("g", "demo-login", MARK),)},
        planned(SECURITY_GROUP, "login", name="demo-login", description=MARK), (Fate.ADOPT, "g", []),
    ),
    "two security groups": (
        {"security_groups": (Named("g", "demo-login", MARK), Named("h", "demo-login", MARK))},
        planned(SECURITY_GROUP, "login", name="demo-login", description=MARK), (Fate.CREATE, "", ["demo-login"]),
    ),
    "a server group, which has no mark": (
        {"server_groups": (Named("g", "demo-general"),)},
        planned(SERVER_GROUP, "general", name="demo-general"), (Fate.ADOPT, "g", []),
    ),
    "a key pair": (
        {"key_pairs": {"demo": "ssh-ed25519 AAAA me"}},
        planned(KEY_PAIR, "demo", name="demo", publicKey="ssh-ed25519 AAAA you"), (Fate.ADOPT, "demo", []),
    ),
    "a key pair with another key": (
        {"key_pairs": {"demo": "ssh-ed25519 BBBB me"}},
        planned(KEY_PAIR, "demo", name="demo", publicKey="ssh-ed25519 AAAA you"), (Fate.CREATE, "", ["demo"]),
    ),
    "a credential whose secret is lost": (
        {"application_credentials": (Named("k", "demo-rebuild-1"),)},
        planned(CREDENTIAL, "rebuild", name="demo-rebuild-1"), (Fate.RENEW, "k", []),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_exists_is_found(case: str) -> None:
    changes, wanted, expected = CASES[case]
    assert seek(cloud(**changes), wanted) == expected


def test_a_credential_whose_secret_is_known_is_adopted_with_it() -> None:
    facts = cloud(application_credentials=(Named("k", "demo-rebuild-1"),))
    counterparts = Counterparts(CONFIG, facts, RecoveredSecrets({}, "k", "word"))
    answer = counterparts.create(planned(CREDENTIAL, "rebuild", name="demo-rebuild-1"))
    assert (answer.id, answer.secrets) == ("k", {"secret": "word"})


def test_a_secret_is_the_recovered_one_or_a_new_one() -> None:
    counterparts = Counterparts(CONFIG, cloud(), RecoveredSecrets({"munge_key": "old"}))
    urn = f"urn:pulumi:test::p::slurm-appliance:index:Cluster$slurm-appliance:index:Secrets${COMMAND}::"
    answers = {
        name: counterparts.create(Creation(f"{urn}{name}", COMMAND, {})).secrets["stdout"]
        for name in ("munge_key", "monitoring_password")
    }
    assert answers["munge_key"] == "old"
    assert len(answers["monitoring_password"]) == 32
    assert counterparts.secrets == [f"{urn}munge_key", f"{urn}monitoring_password"]


def test_two_servers_that_may_be_a_node_are_a_problem() -> None:
    twins = (server("demo-control", id="a"), server("demo-control", id="b", environment="", reference="/e"))
    _facts, problems = claimed(CONFIG, cloud(servers=twins))
    assert len(problems) == 1
    assert "a, b" in problems[0].what


def test_a_server_that_the_provider_cannot_read_is_a_problem() -> None:
    _facts, problems = claimed(CONFIG, cloud(servers=(server("demo-control", status="RESCUE"),)))
    assert "RESCUE" in problems[0].what


def test_a_recorded_server_is_ours_whatever_its_metadata_say() -> None:
    facts, problems = claimed(CONFIG, cloud(servers=(server("demo-control", id="a", environment=""),)), ["a"])
    assert not problems
    assert [each.environment for each in facts.servers] == ["test"]
