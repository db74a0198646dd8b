"""Shares of Manila: from the service's answers to what nodes mount, and what is reported where it does not fit."""

from typing import Any

import pytest
from openstack.shared_file_system.v2.share import Share
from openstack.shared_file_system.v2.share_access_rule import ShareAccessRule
from openstack.shared_file_system.v2.share_export_locations import ShareExportLocation

from slurm_appliance.cloud.facts import ShareFacts
from slurm_appliance.cloud.project_lists import share_facts
from slurm_appliance.config import NodeKind, from_mapping
from slurm_appliance.preflight import shares
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.site.filesystems import keys, mounts_of
from tests.unit.clouds import cloud
from tests.unit.slurm_appliance.config.examples import smallest

KEY = "AQA8+ANW/4ZWNRAAOtWJMFPEihBA1unFImJczA=="
LOCATION = "192.0.2.11:6789,192.0.2.12:6789:/volumes/_nogroup/4c55ad20"
SHARE: dict[str, Any] = {
    "id": "11111111-aaaa",
    "name": "projects",
    "share_proto": "CEPHFS",
    "status": "available",
    "size": 100,
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

    def access_rules(self, _share: Share) -> list[ShareAccessRule]:
        return [ShareAccessRule(**rule) for rule in RULES]


def test_a_share_from_the_services_answers() -> None:
    share = share_facts(Manila(), Share.existing(**SHARE))
    assert share == ShareFacts("11111111-aaaa", "projects", "CEPHFS", LOCATION, {"reader": KEY})
    assert KEY not in repr(share)


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


def test_what_nodes_get() -> None:
    config, finder = config_of(options=["ro"]), Finder()
    found = shares.found(config, cloud(shares=SHARES), finder)
    assert finder.problems == []
    (mount,) = mounts_of(config, NodeKind.COMPUTE, "general", found)
    assert (mount["what"], mount["user"], mount["options"]) == (LOCATION, "reader", ["ro"])
    assert mount["key"] == "{{ filesystem_key_p }}", "a reference: only nodes that mount it get the secret"
    assert keys(config, found) == {"filesystem_key_p": KEY}
    assert mounts_of(config, NodeKind.ADDITIONAL, "squid", found) == []


def test_an_nfs_share_needs_no_key() -> None:
    config = config_of(type="nfs", share="data", user=None)
    found = shares.found(config, cloud(shares=SHARES), Finder())
    (mount,) = mounts_of(config, NodeKind.LOGIN, "entry", found)
    assert (mount["what"], "key" in mount) == ("192.0.2.20:/shares/data", False)
    assert keys(config, found) == {}
