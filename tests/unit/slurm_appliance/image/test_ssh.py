"""The way in, with a real sshd where that can be had, and with ssh's own reading of the configuration."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from slurm_appliance.cloud.text import CloudTextError
from slurm_appliance.image import ssh
from slurm_appliance.image.errors import BuildError, StoppedError
from slurm_appliance.image.spec import Ssh
from slurm_appliance.image.ssh import SshTarget
from slurm_appliance.image.stop import Deadline


def read(config: Path, host: str) -> dict[str, str]:
    """What ssh makes of a configuration."""
    done = subprocess.run(["ssh", "-G", "-F", str(config), host], check=True, capture_output=True, text=True)
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_the_server_gets_the_host_key_that_is_expected_and_the_key_that_may_log_in(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    data = ssh.make_keys(folder)
    head, _, body = data.partition("\n")
    assert head == "#cloud-config"
    config = json.loads(body)
    assert config["ssh_keys"]["ed25519_private"] == (folder / "host").read_text()
    assert config["ssh_keys"]["ed25519_public"] == (folder / "host.pub").read_text().strip()
    assert config["ssh_authorized_keys"] == [(folder / "login.pub").read_text().strip()]
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert oct((folder / "login").stat().st_mode & 0o777) == "0o600"
    file = ssh.write_config(folder, "build-1", "10.0.0.9", Ssh(user="rocky", port=2222))
    kind, key = (folder / "host.pub").read_text().split()[:2]
    assert (folder / "known_hosts").read_text() == f"build-1 {kind} {key}\n"
    seen = read(file, "build-1")
    assert (seen["hostname"], seen["user"], seen["port"]) == ("10.0.0.9", "rocky", "2222")
    assert seen["stricthostkeychecking"] == "true"
    assert seen["identityfile"].strip('"') == str(folder / "login")
    assert seen["identitiesonly"] == "yes"
    assert seen["globalknownhostsfile"] == "/dev/null"
    assert seen["batchmode"] == "yes"
    assert "proxyjump" not in seen


def test_a_bastion_is_gone_through_and_its_key_is_checked_too(tmp_path: Path) -> None:
    ssh.make_keys(tmp_path / "ssh")
    access = Ssh(bastion_host="gate.example.org", bastion_user="op", bastion_key_file="/keys/op")
    file = ssh.write_config(tmp_path / "ssh", "build-1", "10.0.0.9", access)
    assert read(file, "build-1")["proxyjump"] == "bastion"
    seen = read(file, "bastion")
    assert (seen["hostname"], seen["user"]) == ("gate.example.org", "op")
    assert seen["stricthostkeychecking"] == "true"
    assert seen["identityfile"].strip('"') == "/keys/op"
    assert "known_hosts" in seen["userknownhostsfile"]
    assert str(tmp_path) not in seen["userknownhostsfile"]


def ssh_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> SshTarget:
    """An ssh target with a stand-in for ssh."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return SshTarget(tmp_path / "config", "build-1")


def test_it_is_tried_until_somebody_can_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = f"echo x >> {tmp_path}/count; [ $(wc -l < {tmp_path}/count) = 3 ] || {{ echo refused >&2; exit 255; }}"
    ssh.wait(ssh_target(tmp_path, monkeypatch, count), Deadline(60, "it"), 30)
    assert (tmp_path / "count").read_text() == "x\n" * 3


def test_the_last_answer_is_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo one >&2; echo 'connect to host 10.0.0.9 port 22: No route to host' >&2; exit 255"
    with pytest.raises(BuildError, match=r"\b0 s\b.*10\.0\.0\.9 port 22: No route to host"):
        ssh.wait(ssh_target(tmp_path, monkeypatch, script), Deadline(60, "it"), 0.3)


def test_another_host_key_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_OTHER_HOST_LIMIT", 0.05)
    script = "echo 'Host key verification failed.' >&2; exit 255"
    with pytest.raises(BuildError) as refused:
        ssh.wait(ssh_target(tmp_path, monkeypatch, script), Deadline(60, "it"), 30)
    assert refused.value.where == "build-1"
    assert "ssh_keys" in refused.value.remedy


def test_waiting_ends_when_the_build_is_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = Deadline(60, "it")
    deadline.set(StoppedError("interrupted"))
    with pytest.raises(StoppedError):
        ssh.wait(ssh_target(tmp_path, monkeypatch, "exit 255"), deadline, 30)


@pytest.mark.parametrize("address", ["10.0.0.9\n  ProxyCommand touch /tmp/x", "-oProxyCommand=x", "{{ x }}", ""])
def test_an_address_that_the_cloud_made_up_is_no_option_of_ssh(tmp_path: Path, address: str) -> None:
    ssh.make_keys(tmp_path / "ssh")
    with pytest.raises(CloudTextError):
        ssh.write_config(tmp_path / "ssh", "build-1", address, Ssh(user="rocky"))
    assert not (tmp_path / "ssh/config").exists()


def test_the_command_for_a_person_can_be_copied(tmp_path: Path) -> None:
    ssh_target = SshTarget(tmp_path / "a folder" / "config", "build-1")
    assert shlex.split(ssh_target.shown) == ssh_target.command
