"""What the site asks of every node's system."""

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.config.secret import Encrypted
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check
from tests.unit.slurm_appliance.config.examples import smallest

PROXY = "http://proxy.example.org:3128"

MISTAKES: list[Mistake] = [
    ({"proxy": {"https": PROXY}}, "proxy.http", "required, but not set", "Address for http"),
    ({"proxy": {"http": "proxy:3128"}}, "proxy.http", "is not a web address", "http://"),
    ({"proxy": {"http": "http://me:pass@proxy"}}, "proxy.http", "not shown", "settings of their own"),
    ({"proxy": {"http": PROXY, "no_proxy": ["*.x"]}}, "proxy.no_proxy[0]", "a place without a proxy", ".example.org"),
    ({"proxy": {"http": PROXY, "no_proxy": ["10.0.0.1/24"]}}, "proxy.no_proxy[0]", "a place without a proxy", "CIDR"),
    ({"proxy": {"http": PROXY, "username": "me"}}, "proxy.password", "not set, but proxy.username is", "both"),
    ({"proxy": {"http": PROXY, "password": "pass"}}, "proxy.username", "not set, but proxy.password is", "both"),
    ({"sysctl": {"swappiness": 1}}, "sysctl.swappiness", "is not a kernel parameter", "vm.swappiness"),
    ({"sysctl": {"vm.*": 1}}, 'sysctl["vm.*"]', "is not a kernel parameter", "no wildcard"),
    ({"sysctl": {"vm.swappiness": "1\n2"}}, 'sysctl["vm.swappiness"]', "a value of a kernel parameter", "a number"),
    ({"limits": {"memory": 1}}, "limits.memory", "is not a limit", "memlock"),
    ({"limits": {"memlock": "much"}}, "limits.memlock", "is not a value of a limit", "unlimited"),
    ({"resolv_conf": {"servers": []}}, "resolv_conf.servers", "names no server", "DHCP"),
    ({"resolv_conf": {"servers": [f"192.0.2.{n}" for n in range(1, 5)]}}, "resolv_conf.servers[3]", "never", "3"),
    ({"resolv_conf": {"servers": ["ns.example.org"]}}, "resolv_conf.servers[0]", "is not an IP address", "10.0"),
    ({"chrony_server_options": ["iburst"]}, "chrony_server_options", "no chrony_servers", "set them"),
    ({"sshd": {"match": "PermitRootLogin yes"}}, "sshd.match", "does not begin with Match", "Match blocks"),
    ({"sshd": {"match": "Match User a\nMatch  ALL\nX11Forwarding no"}}, "sshd.match", "the product's rules", "whom"),
    ({"sshd": {"match": "Match User a\n include /etc/x"}}, "sshd.match", "includes a file", "here"),
    ({"sshd": {"trusted_user_ca": ["nokey"]}}, "sshd.trusted_user_ca[0]", "an OpenSSH public key", "ssh-ed25519"),
    ({"tuned_profile": "a;b"}, "tuned_profile", "is not a profile of tuned", "tuned-adm"),
    ({"motd": "\x1b[31m"}, "motd", "is not the text of a file", "text"),
    ({"proxy": {"http": PROXY, "username": "a:b", "password": "x"}}, "proxy.username", "a user name at", "':'"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_what_does_not_go_together(mistake: Mistake) -> None:
    check(mistake)


def test_a_proxy_takes_no_secret_into_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(proxy={"http": "x", "username": "me:you", "password": " secret "}), "a test")
    assert {problem.path for problem in caught.value.problems} == {"proxy.http", "proxy.username", "proxy.password"}
    assert "me:you" not in str(caught.value)
    assert "secret " not in str(caught.value)


@pytest.mark.parametrize("exception", ["mirror", "mirror.example.org", ".example.org", "192.0.2.7", "fd00::/8"])
def test_places_without_a_proxy(exception: str) -> None:
    proxy = from_mapping(smallest(proxy={"http": PROXY, "no_proxy": [exception]}), "a test").proxy
    assert proxy is not None
    assert proxy.no_proxy == (exception,)


def test_addresses_with_a_login() -> None:
    given = {"http": PROXY, "https": "https://secure.example.org", "username": "me@x", "password": "a/b:{{ c }}%"}
    proxy = from_mapping(smallest(proxy=given), "a test").proxy
    assert proxy is not None
    assert proxy.addresses == {"http": PROXY, "https": "https://secure.example.org"}
    login = "me%40x:a%2Fb%3A%7B%7B%20c%20%7D%7D%25"
    assert proxy.addresses_with_login == {
        "http": f"http://{login}@proxy.example.org:3128",
        "https": f"https://{login}@secure.example.org",
    }


def test_a_login_that_only_pulumi_knows() -> None:
    given = {"http": PROXY, "username": Encrypted("v1:x"), "password": Encrypted("v1:y")}
    proxy = from_mapping(smallest(proxy=given), "a test").proxy
    assert proxy is not None
    assert proxy.addresses["https"] == PROXY
    assert proxy.addresses_with_login is None
