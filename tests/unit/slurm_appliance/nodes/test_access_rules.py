import json

import pytest

from slurm_appliance.nodes.access_rules import MOST_SERVERS, AccessRule, Endpoints, access_rules


def _ids(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{number:012d}" for number in range(count)]


def test_the_cluster_s_own_servers_by_id() -> None:
    server = _ids(1)[0]

    assert access_rules([server]) == [
        AccessRule("image", "GET", "/v2/images/*"),
        AccessRule("compute", "GET", f"/v2.1/servers/{server}"),
        AccessRule("compute", "POST", f"/v2.1/servers/{server}/action"),
    ]


def test_no_rule_lists_or_deletes_or_stands_for_any_server() -> None:
    for rule in access_rules(_ids(5), volume_backed=True):
        assert rule.method in {"GET", "POST"}
        if rule.service == "compute":
            assert "*" not in rule.path
            assert rule.path.removesuffix("/action").rsplit("/", 1)[-1] in _ids(5)
        else:
            assert rule.method == "GET"


def test_volumes_only_where_servers_boot_from_them() -> None:
    assert not [rule for rule in access_rules(_ids(2)) if "volumes" in rule.path]
    rules = access_rules(
        _ids(2), Endpoints(block_storage="/volume/v3/p", block_storage_service="volumev3"), volume_backed=True
    )
    assert AccessRule("volumev3", "GET", "/volume/v3/p/volumes/*") in rules


def test_the_same_servers_in_any_order_are_the_same_rules() -> None:
    assert access_rules(_ids(9)) == access_rules([*reversed(_ids(9)), _ids(1)[0]])


@pytest.mark.parametrize(
    ("image", "path"),
    [("https://c:9292", "/v2"), ("https://c/image/", "/image/v2"), ("https://c/image/v2", "/image/v2")],
)
def test_paths_from_the_catalog(image: str, path: str) -> None:
    found = Endpoints.from_catalog("https://c/compute/v2.1/", image, "https://c:8776/v3/p")

    assert found == Endpoints("/compute/v2.1", path, "/v3/p")


def test_a_full_credential_is_below_what_keystone_takes() -> None:
    rules = [vars(rule) for rule in access_rules(_ids(MOST_SERVERS), Endpoints(compute="/some/long/prefix/v2.1"))]

    assert len(json.dumps({"application_credential": {"access_rules": rules}})) < 112 * 1024
    with pytest.raises(ValueError, match="251 servers"):
        access_rules(_ids(MOST_SERVERS + 1))
