"""Shares of Manila: from the service's answers to what nodes mount, and what is reported where it does not fit."""

from dataclasses import replace
from typing import Any

import pytest
from openstack.shared_file_system.v2.share_access_rule import ShareAccessRule
from openstack.shared_file_system.v2.share_export_locations import ShareExportLocation

from slurm_appliance.cloud.facts import Quota, ShareFacts, ShareRule, ShareType
from slurm_appliance.cloud.project_lists import share_facts
from slurm_appliance.config import NodeKind, from_mapping
from slurm_appliance.preflight import shares
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.site.filesystems import keys, mounts_of
from tests.unit.clouds import cloud
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.preflight.examined import findings, said

KEY = "AQA8+ANW/4ZWNRAAOtWJMFPEihBA1unFImJczA=="
LOCATION = "192.0.2.11:6789,192.0.2.12:6789:/volumes/_nogroup/4c55ad20"
SHARE: dict[str, Any] = {
    "id": "11111111-aaaa",
    "name": "projects",
    "share_proto": "CEPHFS",
    "status": "available",
    "size": 100,
    "share_type": "cephfs",
}
RULES: list[dict[str, Any]] = [
    {"id": "r1", "access_type": "cephx", "access_to": "reader", "access_key": KEY, "access_level": "ro"},
    {"id": "r2", "access_type": "cephx", "access_to": "new", "access_key": None, "access_level": "rw"},
    {"id": "r3", "access_type": "ip", "access_to": "10.0.0.0/24", "access_key": None, "access_level": "rw"},
]


class Manila:
    """The service's recorded answers, as the SDK reads them."""

    def export_locations(self, _share: str) -> list[ShareExportLocation]:
        second: dict[str, Any] = {"id": "2", "path": LOCATION.replace(".11", ".13"), "preferred": False}
        return [ShareExportLocation(**each) for each in (second, {**second, "path": LOCATION, "preferred": True})]

    def access_rules(self, _share: str) -> list[ShareAccessRule]:
        return [ShareAccessRule(**rule) for rule in RULES]


def test_a_share_from_the_services_answers() -> None:
    share = share_facts(Manila(), SHARE, detailed=True)
    assert (share.id, share.name, share.protocol, share.size) == ("11111111-aaaa", "projects", "CEPHFS", 100)
    assert (share.location, share.keys, share.share_type) == (LOCATION, {"reader": KEY}, "cephfs")
    assert share.rules[0] == ShareRule("r1", "cephx", "reader", "ro")
    assert KEY not in repr(share)
    other = share_facts(Manila(), SHARE, detailed=False)
    assert (other.location, other.rules, other.detailed) == ("", (), False)


SHARES = (
    ShareFacts("1", "projects", "CEPHFS", LOCATION, {"reader": KEY}),
    ShareFacts("2", "data", "NFS", "192.0.2.20:/shares/data"),
    ShareFacts("3", "new", "CEPHFS"),
)


def config_of(**settings: Any) -> Any:
    given = {"type": "cephfs", "mount_point": "/p", "share": "projects", "user": "reader", **settings}
    return from_mapping(smallest(filesystems={"p": {key: each for key, each in given.items() if each}}), "a test")


@pytest.mark.parametrize(
    ("settings", "path", "what"),
    [
        ({"share": "project"}, "filesystems.p.share", "there is no share project"),
        ({"user": "writer"}, "filesystems.p.user", "users with keys: reader"),
        ({"share": "data"}, "filesystems.p.type", "protocol NFS"),
        ({"share": "new", "key": KEY}, "filesystems.p.share", "no export location"),
        ({"type": "nfs", "user": None}, "filesystems.p.type", "protocol CEPHFS"),
    ],
)
def test_what_does_not_fit(settings: dict[str, Any], path: str, what: str) -> None:
    finder = Finder()
    shares.found(config_of(**settings), cloud(shares=SHARES), finder)
    problem = next(each for each in finder.problems if each.path == path)
    assert what in problem.what
    assert KEY not in str(finder.problems)


def test_a_cloud_without_the_service() -> None:
    finder = Finder()
    assert shares.found(config_of(), cloud(absent=frozenset({"shared file system"})), finder) == {}
    (problem,) = finder.problems
    assert problem.path == "filesystems.p.share"
    assert "Manila" in problem.what


def located(found: dict[str, ShareFacts]) -> dict[str, str]:
    return {name: share.location for name, share in found.items()}


def test_what_nodes_get() -> None:
    config, finder = config_of(options=["ro"]), Finder()
    found = shares.found(config, cloud(shares=SHARES), finder)
    assert finder.problems == []
    (mount,) = mounts_of(config, NodeKind.COMPUTE, "general", located(found))
    assert (mount["what"], mount["user"], mount["options"]) == (LOCATION, "reader", ["ro"])
    assert mount["key"] == "{{ filesystem_key_p }}", "a reference: only nodes that mount it get the secret"
    assert keys(config, found) == {"filesystem_key_p": KEY}
    assert mounts_of(config, NodeKind.ADDITIONAL, "squid", located(found)) == []


def test_an_nfs_share_needs_no_key() -> None:
    config = config_of(type="nfs", share="data", user=None)
    found = shares.found(config, cloud(shares=SHARES), Finder())
    (mount,) = mounts_of(config, NodeKind.LOGIN, "entry", located(found))
    assert (mount["what"], "key" in mount) == ("192.0.2.20:/shares/data", False)
    assert keys(config, found) == {}


MARK = "Slurm cluster demo, environment test, created by slurm-appliance"
OURS = ShareFacts("9", "demo-p", "CEPHFS", LOCATION, size=100, description=MARK, share_type="plain",
                  share_network_id="share-network-nodes", availability_zone="nova")  # fmt: skip


def made(size: int = 100, **create: Any) -> dict[str, Any]:
    return {
        "filesystems": {"p": {"type": "cephfs", "mount_point": "/p", "user": "u", "create": {"size": size, **create}}}
    }


PROBLEMS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no service": (
        {"absent": frozenset({"shared file system"})}, made(), "filesystems.p.create: this cloud has no service for",
    ),
    "a type": (
        {}, made(share_type="othr"),
        "filesystems.p.create.share_type: there is no share type othr in this project → did you mean 'other'?",
    ),
    "no default type": (
        {"share_types": (ShareType("t", "ceph"),)}, made(),
        "filesystems.p.create.share_type: this cloud has no default share type → set it; the cloud has: ceph",
    ),
    "a network": (
        {}, made(share_type="servers", share_network="node"),
        "filesystems.p.create.share_network: there is no share network node in this project → did you mean 'nodes'?",
    ),
    "a type that needs a network": (
        {}, made(share_type="servers"), "filesystems.p.create.share_network: share type servers makes share servers",
    ),
    "a network that the type does not take": (
        {}, made(share_network="nodes"), "filesystems.p.create.share_network: share type plain makes no share servers",
    ),
    "a smaller size": (
        {"shares": (OURS,)}, made(99),
        "filesystems.p.create.size: share demo-p has 100 GB and cannot shrink to 99 → set it to 100 or more",
    ),
    "another type": (
        {"shares": (OURS,)}, made(share_type="other"),
        "filesystems.p.create.share_type: share demo-p has plain, and cannot change to other → keep it",
    ),
    "another network": (
        {"shares": (replace(OURS, share_type="servers"),)}, made(share_type="servers", share_network="nets"),
        "filesystems.p.create.share_network: share demo-p has share-network-nodes, and cannot change to nets",
    ),
    "another zone": (
        {"shares": (OURS,)}, made(availability_zone="b"),
        "filesystems.p.create.availability_zone: share demo-p has nova, and cannot change to b",
    ),
    "another protocol": (
        {"shares": (replace(OURS, protocol="NFS"),)}, made(), "filesystems.p.type: share demo-p has the protocol NFS",
    ),
    "quota of shares": (
        {"quotas": {"shares": Quota(3, 3)}}, made(), "quota of shares: 1 needed, but only 0 of the quota of 3 are left",
    ),
    "quota of their size": (
        {"quotas": {"share_gigabytes": Quota(1000, 950)}}, made(),
        "quota of share_gigabytes: 100 GB needed, but only 50 GB of the quota of 1000 GB are left",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_prevents_a_share(case: str) -> None:
    facts, settings, expected = PROBLEMS[case]
    found = said(facts, **settings)
    assert len(found) == 1, found
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"shares": (OURS,)},
        # What others call so is theirs.
        {"shares": (replace(OURS, description="", size=500, share_type="other", protocol="NFS"), OURS)},
        {"shares": (OURS,), "quotas": {"shares": Quota(1, 1), "share_gigabytes": Quota(100, 100)}},
    ],
)
def test_a_share_that_can_be_made_or_stays(facts: dict[str, Any]) -> None:
    assert said(facts, **made()) == []


def test_the_network_of_a_share() -> None:
    found = findings(**made(share_type="servers", share_network="nodes"))
    assert found.ready("test").share_networks == {"nodes": "share-network-nodes"}
