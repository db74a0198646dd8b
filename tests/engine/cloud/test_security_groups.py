"""What security groups let in and out."""

from typing import Any

from openstack.connection import Connection

from tests.engine.node_fixtures import Login, address


def listens(login: Login, server: Any, port: int) -> None:
    serve = f"mkdir -p /var/empty; setsid -f python3 -m http.server {port} --directory /var/empty >/dev/null 2>&1"
    answer = f"curl -s -o /dev/null --retry 50 --retry-delay 1 --retry-connrefused http://localhost:{port}/"
    login.wait(address(server), f"{serve}; {answer}")


def reaches(login: Login, source: Any, target: Any, port: int) -> bool:
    done = login.run(address(source), f"curl -s -o /dev/null --max-time 2 http://{address(target)}:{port}/")
    assert done.returncode in (0, 28), done
    return done.returncode == 0


def test_security_groups_say_what_comes_in(user: Connection, one: Any, two: Any, open_group: str, login: Login) -> None:
    listens(login, one, 8081)
    assert not reaches(login, two, one, 8081)
    common = {"security_group_id": open_group, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    for more, allowed in (
        ({"port_range_min": 8000, "port_range_max": 8100}, True),
        ({"port_range_min": 8082, "port_range_max": 8100}, False),
        ({"remote_ip_prefix": f"{address(two)}/32"}, True),
        ({"remote_ip_prefix": f"{address(one)}/32"}, False),
        ({"remote_group_id": open_group}, True),
    ):
        rule: Any = user.network.create_security_group_rule(**common, **more)
        try:
            assert reaches(login, two, one, 8081) is allowed, more
        finally:
            user.network.delete_security_group_rule(rule.id)
    assert not reaches(login, two, one, 8081)


def test_security_groups_say_what_goes_out(user: Connection, one: Any, two: Any, open_group: str, login: Login) -> None:
    rules = list(user.network.security_group_rules(security_group_id=open_group, direction="egress"))
    for rule in rules:
        user.network.delete_security_group_rule(rule.id)
    try:
        # What the host began goes on: the login itself. What the server begins does not.
        assert login.run(address(one), f"ping -qc1 -W2 {address(two)}").returncode == 1
    finally:
        user.network.create_security_group_rule(security_group_id=open_group, direction="egress", ethertype="IPv4")
    login.wait(address(one), f"ping -qc1 -W2 {address(two)}")


def test_answers_to_datagrams_come_back(user: Connection, one: Any, two: Any, open_group: str, login: Login) -> None:
    """Nobody may send datagrams to the asker: only the answer to its own question comes in."""
    answer = "import socket; s = socket.socket(type=2); s.bind(('', 5353)); d, a = s.recvfrom(9); s.sendto(b'pong', a)"
    ask = (
        f"import socket; s = socket.socket(type=2); s.settimeout(2); s.sendto(b'ping', ('{address(two)}', 5353)); "
        "print(s.recv(9).decode())"
    )
    login.wait(address(two), f'setsid -f python3 -c "{answer}" >/dev/null 2>&1')
    assert "TimeoutError" in login.run(address(one), f'python3 -c "{ask}"').stderr
    rule: Any = user.network.create_security_group_rule(
        security_group_id=open_group,
        direction="ingress",
        ethertype="IPv4",
        protocol="udp",
        port_range_min=5353,
        port_range_max=5353,
        remote_ip_prefix=f"{address(one)}/32",
    )
    try:
        assert login.wait(address(one), f'python3 -c "{ask}"') == "pong"
    finally:
        user.network.delete_security_group_rule(rule.id)
