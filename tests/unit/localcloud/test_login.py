import subprocess
from pathlib import Path

import yaml

from localcloud.control.login import host_keys, is_trusted, ssh_command, trust
from localcloud.host.layout import CloudLayout
from toolchain.paths import REPOSITORY

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
    layout = CloudLayout(tmp_path)
    trust(layout, "one", ["ssh-ed25519 AAAA1"])
    trust(layout, "two", ["ssh-ed25519 AAAA2"])
    trust(layout, "one", ["ssh-ed25519 AAAA3"])
    assert layout.known_hosts.read_text().splitlines() == ["two ssh-ed25519 AAAA2", "one ssh-ed25519 AAAA3"]


def test_ssh_checks_the_key_under_the_server_s_id(tmp_path: Path) -> None:
    command = ssh_command(CloudLayout(tmp_path), "5b8b", "debian", "10.0.0.5", ["uptime"])
    assert command[-4:] == ["-l", "debian", "10.0.0.5", "uptime"]
    assert {"HostKeyAlias=5b8b", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={tmp_path}/known_hosts"} <= set(
        command
    )


def test_keys_that_site_gave_back_to_a_rebuilt_node_are_the_last_on_its_console(tmp_path: Path) -> None:
    tasks = yaml.safe_load((REPOSITORY / "ansible/roles/ssh_host_keys/tasks/configure.yml").read_text())
    (script,) = (task["ansible.builtin.shell"]["cmd"] for task in tasks if "on the console" in task["name"])
    console = tmp_path / "console"
    console.write_text(CONSOLE)
    # A console takes what comes after what it has; a file has to be told.
    script = script.replace("> {{ ssh_host_keys_console | quote }}", f">> {console}")
    script = script.replace("/etc/ssh", str(tmp_path))
    (tmp_path / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 AAAAkept root@node\n")
    (tmp_path / "ssh_host_ed25519_key").write_text("private")
    subprocess.run(["/bin/sh", "-c", script], check=True)
    assert host_keys(console.read_text()) == ["ssh-ed25519 AAAAkept"]
    assert "private" not in console.read_text()


def test_known_keys_stay_known_when_the_console_begins_anew(tmp_path: Path) -> None:
    layout = CloudLayout(tmp_path)
    assert not is_trusted(layout, "one")
    trust(layout, "one", ["ssh-ed25519 AAAA1"])
    assert is_trusted(layout, "one")
    assert not is_trusted(layout, "on")
