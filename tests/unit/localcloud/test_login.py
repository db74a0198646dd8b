from pathlib import Path

from localcloud.control.layout import Layout
from localcloud.control.login import host_keys, ssh_command, trust

CONSOLE = """
[  OK  ] Reached target network.\r
ci-info: no authorized keys\r
-----BEGIN SSH HOST KEY KEYS-----\r
ssh-ed25519 AAAAold root@before\r
-----END SSH HOST KEY KEYS-----\r
... rebuilt ...
-----BEGIN SSH HOST KEY KEYS-----\r
ecdsa-sha2-nistp256 AAAAE2Vj root@node\r
[   12.3] noise ssh-ed25519 AAAAC3Nz root@node\r
-----END SSH HOST KEY KEYS-----\r
login:
"""


def test_the_keys_of_the_last_boot_count() -> None:
    assert host_keys(CONSOLE) == ["ecdsa-sha2-nistp256 AAAAE2Vj", "ssh-ed25519 AAAAC3Nz"]


def test_a_console_without_keys_gives_none() -> None:
    assert host_keys("-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAA") == []


def test_a_server_s_old_keys_are_replaced_and_others_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    trust(layout, "one", ["ssh-ed25519 AAAA1"])
    trust(layout, "two", ["ssh-ed25519 AAAA2"])
    trust(layout, "one", ["ssh-ed25519 AAAA3"])
    assert layout.known_hosts.read_text().splitlines() == ["two ssh-ed25519 AAAA2", "one ssh-ed25519 AAAA3"]


def test_ssh_checks_the_key_under_the_server_s_id(tmp_path: Path) -> None:
    command = ssh_command(Layout(tmp_path), "5b8b", "debian", "10.0.0.5", ["uptime"])
    assert command[-4:] == ["-l", "debian", "10.0.0.5", "uptime"]
    assert {"HostKeyAlias=5b8b", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={tmp_path}/known_hosts"} <= set(
        command
    )
