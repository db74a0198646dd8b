"""Files of settings for all nodes: only of what is set."""

import json
from typing import Any

from slurm_appliance.hostvars.system_files import system_files


def hosts(**common: Any) -> dict[str, dict[str, Any]]:
    names = {"demo-control": ["control"], "demo-c-1": ["compute", "general"], "demo-c-0": ["compute", "general"]}
    return {
        name: {
            "ansible_host": f"10.0.0.{number}",
            "node_fqdn": f"{name}.demo.internal",
            "group_names": groups,
            "cluster_subnets": [{"network": "cluster", "cidr": "10.0.0.0/24"}],
            **common,
        }
        for number, (name, groups) in enumerate(names.items())
    }


def test_nothing_where_nothing_is_set() -> None:
    assert system_files(hosts()) == {}
    assert system_files({}) == {}


def test_what_is_reached_without_the_proxy() -> None:
    given = hosts(proxy={"http": "http://p", "https": "http://p", "no_proxy": [".example.org", "localhost"]})
    files = system_files(given)
    assert files == system_files(dict(reversed(given.items())))
    assert files["no_proxy"].decode().split(",") == [
        "localhost", "127.0.0.1", "::1", "169.254.169.254", "10.0.0.0", "10.0.0.0/24", ".demo.internal",
        "demo-c-0", "demo-c-1", "demo-control", ".example.org",
    ]  # fmt: skip


def test_certificates() -> None:
    assert json.loads(system_files(hosts(cacerts=["one", "other"]))["cacerts.json"]) == ["one", "other"]


def test_full_names_without_a_domain() -> None:
    given = hosts(proxy={"no_proxy": []})
    for name, each in given.items():
        each["node_fqdn"] = f"x-{name}"
    assert {"x-demo-c-0", "demo-c-0"} <= set(system_files(given)["no_proxy"].decode().split(","))
