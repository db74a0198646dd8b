"""The filter's text from what Neutron says of ports and groups."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.host.places import CloudPlaces
from localcloud.network import filter_text, ruleset
from localcloud.network.host_text import Reachable, host_text
from localcloud.network.port_facts import AddressPair, GroupFacts, GroupRule, PortFacts

PORT = PortFacts("aaaa-1", "fa:16:3e:00:00:01", ("10.1.0.5",), (), ("group-1",))


def rules_of(text: str, chain: str) -> list[str]:
    prefix = f"add rule bridge localcloud {chain} "
    return [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)]


def test_a_port_may_send_from_its_own_mac_and_address_only() -> None:
    rules = rules_of(filter_text.port_text(PORT), "from_aaaa_1")
    assert rules[0] == "ether saddr != { fa:16:3e:00:00:01 } drop"
    assert "ether type ip ether saddr . ip saddr != { fa:16:3e:00:00:01 . 10.1.0.5 } drop" in rules
    assert "ether type arp arp saddr ether . arp saddr ip { fa:16:3e:00:00:01 . 10.1.0.5 } accept" in rules
    assert rules.index("ether type arp drop") < rules.index("jump answers")
    assert rules[-2:] == ["jump out_group_1", "drop"]


def test_allowed_pairs_widen_it() -> None:
    pairs = (AddressPair("fa:16:3e:00:00:01", "10.1.0.0/28"), AddressPair("02:00:00:00:00:09", "10.9.0.1/32"))
    port = PortFacts("aaaa-1", "fa:16:3e:00:00:01", ("10.1.0.5", "fd00::5"), pairs)
    text = "\n".join(rules_of(filter_text.port_text(port), "from_aaaa_1"))
    # The fixed address lies in the range: nftables refuses a set with both.
    assert "{ 02:00:00:00:00:09 . 10.9.0.1, fa:16:3e:00:00:01 . 10.1.0.0/28 }" in text
    assert "fa:16:3e:00:00:01 . fd00::5" in text
    assert "fa:16:3e:00:00:01 . fe80::f816:3eff:fe00:1" in text


def test_a_port_without_addresses_sends_nothing() -> None:
    assert "ether type ip drop" in rules_of(filter_text.port_text(PortFacts("b", "fa:16:3e:00:00:02", ())), "from_b")


def test_a_port_without_port_security_is_not_filtered() -> None:
    text = filter_text.port_text(PortFacts("b", "fa:16:3e:00:00:02", ("10.1.0.6",), secured=False))
    assert rules_of(text, "from_b") == rules_of(text, "to_b") == ["accept"]


def rule(**changes: Any) -> GroupRule:
    values = {
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
    }
    return GroupRule.from_rule({**values, **changes})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "ether type ip"),
        ({"ethertype": "IPv6"}, "ether type ip6"),
        ({"protocol": "tcp"}, "ether type ip meta l4proto tcp"),
        (
            {"protocol": "6", "port_range_min": 22, "port_range_max": 22},
            "ether type ip meta l4proto tcp tcp dport 22-22",
        ),
        ({"protocol": "udp", "port_range_min": 1, "port_range_max": 9}, "ether type ip meta l4proto udp udp dport 1-9"),
        ({"protocol": "icmp"}, "ether type ip meta l4proto icmp"),
        ({"protocol": "icmp", "port_range_min": 8}, "ether type ip meta l4proto icmp icmp type 8"),
        (
            {"protocol": "icmp", "port_range_min": 3, "port_range_max": 1},
            "ether type ip meta l4proto icmp icmp type 3 icmp code 1",
        ),
        ({"protocol": "icmp", "ethertype": "IPv6"}, "ether type ip6 meta l4proto ipv6-icmp"),
        ({"protocol": "47"}, "ether type ip meta l4proto 47"),
        ({"remote_ip_prefix": "10.0.0.0/8"}, "ether type ip ip saddr 10.0.0.0/8"),
        ({"remote_ip_prefix": "0.0.0.0/0"}, "ether type ip"),
        ({"remote_ip_prefix": "10.0.0.0/8", "direction": "egress"}, "ether type ip ip daddr 10.0.0.0/8"),
        ({"remote_group_id": "group-2"}, "ether type ip ip saddr @members4_group_2"),
        ({"remote_group_id": "g", "ethertype": "IPv6"}, "ether type ip6 ip6 saddr @members6_g"),
    ],
)
def test_a_rule_of_a_group_becomes_a_match(changes: dict[str, Any], text: str) -> None:
    assert filter_text.match(rule(**changes)) == text


def test_a_group_s_rules_lie_in_its_own_chains() -> None:
    text = filter_text.group_text(GroupFacts("g-1", (rule(), rule(direction="egress"), rule(remote_group_id="g-2"))))
    assert rules_of(text, "in_g_1") == [
        "ether type ip goto remember",
        "ether type ip ip saddr @members4_g_2 goto remember",
    ]
    assert rules_of(text, "out_g_1") == ["ether type ip goto remember"]
    assert text.index("set members4_g_2") < text.index("@members4_g_2")


def test_what_neutron_says_of_a_port() -> None:
    facts = PortFacts.from_port(
        {
            "id": "aaaa-1",
            "mac_address": "fa:16:3e:00:00:01",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.1.0.5"}],
            "allowed_address_pairs": [{"ip_address": "10.1.0.9"}, {"ip_address": "10.2.0.0/24", "mac_address": "m"}],
            "security_groups": ["group-1"],
            "port_security_enabled": False,
        }
    )
    assert facts.pairs == (AddressPair("fa:16:3e:00:00:01", "10.1.0.9"), AddressPair("m", "10.2.0.0/24"))
    assert not facts.secured


def elements(text: str, verb: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{verb} element") and "members" in line]


def test_changes_of_membership_are_small() -> None:
    moved = PortFacts("aaaa-1", PORT.mac, ("10.1.0.6",), (AddressPair(PORT.mac, "10.2.0.0/24"),), ("group-1",))
    text = ruleset.port_change_text(PORT, moved, [])
    assert elements(text, "delete") == ["delete element bridge localcloud members4_group_1 { 10.1.0.5 }"]
    assert elements(text, "add")[-1] == "add element bridge localcloud members4_group_1 { 10.1.0.6 }"
    # An address that another port has too stays a member.
    other = PortFacts("b", "fa:16:3e:00:00:02", ("10.1.0.5",), (), ("group-1",))
    assert elements(ruleset.port_change_text(PORT, None, [other]), "delete") == []


class Kernel:
    """Takes nft's input; can forget the tables, as a machine does that was restarted."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.there = True

    def apply(self, text: str) -> None:
        self.texts.append(text)
        self.there = True

    def run(self, _command: list[str], *, text: str) -> Any:
        if self.there:
            self.texts.append(text)

        class Done:
            returncode = 0 if self.there else 1

        return Done


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(ruleset, "apply", kernel.apply)
    monkeypatch.setattr(ruleset, "try_run", kernel.run)
    return kernel


def test_facts_are_kept_and_only_changes_are_applied(tmp_path: Path, kernel: Kernel) -> None:
    ports = ruleset.PortFilter(CloudPlaces(tmp_path))
    ports.set_group(GroupFacts("group-1", (rule(),)))
    ports.set_port(PORT)
    ports.set_port(PORT)
    assert len(kernel.texts) == 2
    assert ruleset.PortFilter(CloudPlaces(tmp_path)).all_ports() == [PORT]
    ports.drop_port(PORT.port_id)
    ports.drop_port(PORT.port_id)
    assert len(kernel.texts) == 3
    assert ports.all_ports() == []
    ports.drop_group("group-1")
    assert ports.all_groups() == []


def test_lost_tables_are_made_anew_with_everything(tmp_path: Path, kernel: Kernel) -> None:
    ports = ruleset.PortFilter(CloudPlaces(tmp_path))
    ports.set_group(GroupFacts("group-1", (rule(),)))
    ports.set_port(PORT)
    kernel.there = False
    ports.set_port(PortFacts("b", "fa:16:3e:00:00:02", ("10.1.0.6",)))
    whole = kernel.texts[-1]
    assert "delete table bridge localcloud" in whole
    assert all(chain in whole for chain in ("from_aaaa_1", "from_b", "in_group_1"))
    assert ruleset.whole_text(ports.all_ports(), ports.all_groups()) in whole


def test_nodes_reach_the_cloud_s_addresses_and_nothing_beyond() -> None:
    text = host_text(Reachable("10.255.255.1", (15000, 15003), "169.254.169.254"), ["lcb1"])
    assert "ip daddr 10.255.255.1 meta l4proto tcp tcp dport { 15000, 15003 } accept" in text
    assert "ip daddr 169.254.169.254 tcp dport 80 accept" in text
    assert 'iifname "lcb*" drop' in text
    assert 'oifname "lcb*" drop' in text
    assert 'same_bridge { "lcb1" . "lcb1" }' in text
    assert "tcp dport {" not in host_text(Reachable("10.255.255.1", (), "169.254.169.254"), [])
