"""How ssh reaches the nodes."""

import shlex
from pathlib import Path

import pytest

from slurm_appliance.config.access import SshAccess
from slurm_appliance.ssh.options import as_ansible_renders, connection_variables, login_command, options


def test_host_keys_are_checked_against_a_file_of_ours() -> None:
    assert options(SshAccess(), "/known") == ["-o", "UserKnownHostsFile=/known", "-o", "StrictHostKeyChecking=yes"]


def test_a_key_of_the_operators_choice_is_the_only_one_offered() -> None:
    arguments = options(SshAccess(private_key_file="~/.ssh/cluster"), "/known")
    assert arguments[4:] == ["-o", "IdentitiesOnly=yes", "-i", str(Path("~/.ssh/cluster").expanduser())]


def test_a_bastion_is_gone_through() -> None:
    access = SshAccess(bastion_host="bastion.example.org", private_key_file="/key with space")
    (command,) = [word for word in options(access, "/known") if word.startswith("ProxyCommand=")]
    assert shlex.split(command.removeprefix("ProxyCommand=")) == [
        "ssh", "-W", "%h:%p", "-q", "-o", "IdentitiesOnly=yes", "-i", "/key with space", "debian@bastion.example.org",
    ]  # fmt: skip
    own = SshAccess(bastion_host="b", bastion_user="me", bastion_private_key_file="/other", private_key_file="/key")
    assert "-i /other me@b" in options(own, "/known")[-1]


def test_ansible_gets_the_same() -> None:
    variables = connection_variables(SshAccess(user="rocky", port=2222))
    assert (variables["ansible_user"], variables["ansible_port"]) == ("rocky", 2222)
    words = shlex.split(variables["ansible_ssh_common_args"])
    assert words[1] == "UserKnownHostsFile={{ inventory_dir }}/../known_hosts"


def test_the_inventory_is_the_same_on_every_operators_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    access = SshAccess(private_key_file="~/.ssh/it", bastion_host="b", bastion_private_key_file="~/.ssh/b {{ x }}")
    texts = []
    for home in ("/home/a", "/home/b b"):
        monkeypatch.setenv("HOME", home)
        text = connection_variables(access)["ansible_ssh_common_args"]
        texts.append(text)
        words = shlex.split(as_ansible_renders(text, Path("/inventory")))
        assert words == options(access, "/inventory/../known_hosts")
        assert f"{home}/.ssh/it" in words
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("access", "command"),
    [
        (SshAccess(), "ssh debian@10.0.0.2"),
        (SshAccess(user="rocky", port=2222), "ssh -p 2222 rocky@10.0.0.2"),
        (SshAccess(private_key_file="~/.ssh/it"), "ssh -i ~/.ssh/it debian@10.0.0.2"),
        (SshAccess(private_key_file="~/.ssh/my key"), "ssh -i ~/'.ssh/my key' debian@10.0.0.2"),
        (SshAccess(private_key_file="/my key"), "ssh -i '/my key' debian@10.0.0.2"),
        (SshAccess(bastion_host="b"), "ssh -o 'ProxyCommand=ssh -W %h:%p -q debian@b' debian@10.0.0.2"),
    ],
)
def test_how_a_person_logs_in(access: SshAccess, command: str) -> None:
    assert login_command(access, "10.0.0.2") == command
