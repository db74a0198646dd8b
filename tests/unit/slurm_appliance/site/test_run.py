"""The site run: what its outcome means, whose host keys are believed, and a real run of Ansible."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from node.export_receiver.archive import unpack
from slurm_appliance.hostvars.signing import SigningKey
from slurm_appliance.playbooks.run import PlaybookOutcome, TaskFailure, run_playbook
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.site.files import ask_for_everything, control_known_hosts, site_files, write
from slurm_appliance.site.known_facts import read_cached, write_cached
from slurm_appliance.site.run import FAILED, PARTIAL, exit_status, summary
from slurm_appliance.ssh.known_hosts import SshHost, trust

COMPUTE = frozenset({"c-0", "c-1"})


def outcome(status: str, *hosts: str) -> PlaybookOutcome:
    failures = tuple(TaskFailure(host, "a task", "it broke") for host in hosts)
    return PlaybookOutcome(status, failures, {"control": 2}, {"Write a file": 2}, {"slurm": 1.0}, 3.0)


@pytest.mark.parametrize(
    ("ended", "signal", "status"),
    [
        (outcome("successful"), 0, 0),
        (outcome("failed", "c-0"), 0, PARTIAL),
        (outcome("failed", "c-0", "c-1"), 0, PARTIAL),
        (outcome("failed", "c-0", "control"), 0, FAILED),
        (outcome("failed"), 0, FAILED),
        (outcome("canceled"), 2, 130),
        (outcome("successful"), 15, 143),
    ],
)
def test_the_exit_status_tells_a_bad_compute_node_from_a_bad_cluster(
    ended: PlaybookOutcome, signal: int, status: int
) -> None:
    assert exit_status(ended, COMPUTE, signal) == status


def test_the_summary_stays_small_and_names_what_failed() -> None:
    many = outcome("failed", *(f"c-{index}" for index in range(1000)))
    document = summary(many, frozenset(f"c-{index}" for index in range(1000)), PARTIAL, Path("log"))
    assert (document["status"], document["compute_nodes_failed"], document["changed"]) == ("partial", 1000, 2)
    assert document["failures"][0] == "c-0: a task: it broke"
    assert len(json.dumps(document)) < 6000


def test_a_run_reports_phases_failures_and_changes_and_keeps_secrets_out(tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        json.dumps(
            [
                {
                    "name": "pre: One",
                    "hosts": "all",
                    "gather_facts": False,
                    "tasks": [
                        {"name": "Change", "ansible.builtin.command": "true"},
                        {"name": "Hide", "ansible.builtin.debug": {"msg": "{{ word }}"}, "no_log": True},
                        {
                            "name": "Break",
                            "ansible.builtin.fail": {"msg": "on purpose"},
                            "when": "inventory_hostname == 'b'",
                        },
                    ],
                }
            ]
        )
    )
    inventory = tmp_path / "hosts"
    local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    inventory.write_text(f"a {local}\nb {local}\n")
    log, lines = io.StringIO(), list[str]()
    ended = run_playbook(playbook, inventory, log, lines.append, folder=tmp_path, variables={"word": "geheim"})
    assert ended.status == "failed"
    assert ended.failures == (TaskFailure("b", "Break", "on purpose"),)
    assert ended.changed == {"a": 1, "b": 1}
    assert ended.changed_tasks == {"Change": 2}
    assert list(ended.phases) == ["pre"]
    assert "pre: One" in lines[0]
    assert "geheim" not in log.getvalue()
    assert "TASK [Change]" in log.getvalue()


def test_skipped_tasks_do_not_run_and_facts_are_known_without_being_gathered(tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    ask = {"name": "Ask", "ansible.builtin.debug": {"msg": "{{ ansible_facts['os_family'] }}"}}
    gather = {
        "name": "Gather",
        "tags": "part_boot",
        "ansible.builtin.setup": {"gather_subset": ["!all", "distribution"]},
    }
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [gather, ask]}]))
    inventory = tmp_path / "hosts"
    inventory.write_text(f"a ansible_connection=local ansible_python_interpreter={sys.executable}\n")
    log, cache = io.StringIO(), tmp_path / "cache"
    ended = run_playbook(playbook, inventory, log, lambda _: None, folder=tmp_path, facts=cache)
    assert ended.status == "successful"
    assert isinstance(read_cached(cache, "a")["os_family"], str)
    write_cached(cache, "a", {"os_family": "Remembered"})
    ended = run_playbook(
        playbook, inventory, log, lambda _: None, folder=tmp_path, facts=cache, skip_tags=["part_boot", "part_other"]
    )
    assert ended.status == "successful"
    assert log.getvalue().count("TASK [Gather]") == 1
    assert "Remembered" in log.getvalue()


def host(identity: str, answers: Path) -> SshHost:
    return SshHost("control", "10.0.0.9", 22, "debian", ("-o", f"ProxyCommand={answers}"), identity)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the key that the fake ssh is shown; empty: no answer."""
    key = tmp_path / "key"
    fake = tmp_path / "bin" / "ssh"
    fake.parent.mkdir()
    fake.write_text(
        f"#!/bin/sh\n[ -s {key} ] || exit 255\n"
        f'file=${{2#UserKnownHostsFile=}}\necho "10.0.0.9 $(cat {key})" > "$file"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    return key


def lines_after(known: Path, identity: str, shown: Path, key: str) -> list[str]:
    shown.write_text(key)
    trust([host(identity, shown)], known, lambda _: None, limit=0, going=lambda: True)
    return known.read_text().splitlines() if known.exists() else []


def test_keys_are_believed_once_for_each_server_and_image(tmp_path: Path, shown: Path) -> None:
    known = tmp_path / "known_hosts"
    assert lines_after(known, "server-1 image-1", shown, "ssh-ed25519 A") == ["10.0.0.9 ssh-ed25519 A"]
    assert lines_after(known, "server-1 image-1", shown, "ssh-ed25519 B") == ["10.0.0.9 ssh-ed25519 A"]
    # Rebuilt: the new key, and the former one, which the node may get back from the state volume.
    both = ["10.0.0.9 ssh-ed25519 A", "10.0.0.9 ssh-ed25519 B"]
    assert lines_after(known, "server-1 image-2", shown, "ssh-ed25519 B") == both
    # Another server at the same address.
    assert lines_after(known, "server-2 image-2", shown, "ssh-ed25519 C") == ["10.0.0.9 ssh-ed25519 C"]


def test_a_host_that_does_not_answer_is_left_to_ansible(tmp_path: Path, shown: Path) -> None:
    assert lines_after(tmp_path / "known_hosts", "server-1 image-1", shown, "") == []


def test_a_request_to_run_everything_is_in_the_bundles_and_differs_each_time(tmp_path: Path) -> None:
    hosts: dict[str, dict[str, object]] = {
        "c-0": {"ansible_host": "10.0.0.20", "instance_id": "s", "image_id": "i", "compute_init_enable": ["compute"]}
    }
    key = SigningKey(MAKERS["bundle_signing_key"]())

    def bundle(everything: str) -> dict[str, object]:
        made = site_files(
            hosts, users=b"{}", home_key=b"", known_hosts=b"", signing_key=key, serial=7, everything=everything
        )
        head: dict[str, object] = json.loads(unpack(made["export.tar.gz"])["nodes/c-0/bundle.json"])
        return head

    asked = []
    for _ in range(2):
        ask_for_everything(tmp_path / "site")
        asked.append((tmp_path / "site" / "everything").read_text())
    assert len(set(asked)) == 2
    assert bundle(asked[0]) == {**bundle(""), "everything": asked[0]}


def test_site_files_are_the_same_bytes_and_written_once(tmp_path: Path) -> None:
    hosts: dict[str, dict[str, object]] = {
        "control": {"ansible_host": "10.0.0.9", "node_fqdn": "control.demo.internal"},
        "c-0": {
            "ansible_host": "10.0.0.20",
            "instance_id": "s-0",
            "image_id": "i",
            "compute_init_enable": ["compute"],
            "munge_key": "k",
            "monitoring_password": "geheim",
        },
    }
    known = control_known_hosts(b"ssh-ed25519 AAAA root@control\n", "10.0.0.9", "control")
    assert known == b"10.0.0.9,control ssh-ed25519 AAAA\n"
    key = SigningKey(MAKERS["bundle_signing_key"]())
    first = site_files(hosts, users=b"{}", home_key=b"key", known_hosts=known, signing_key=key, serial=7)
    backwards = dict(reversed(hosts.items()))
    with_layer = site_files(
        hosts, users=b"{}", home_key=b"key", known_hosts=known, signing_key=key, serial=7, layer=b"{}"
    )
    assert {name for name in first if first[name] != with_layer[name]} == {"export.tar.gz"}
    exported = unpack(with_layer["export.tar.gz"])
    assert exported["shared/layer.json"] == b"{}"
    assert "shared/layer.json" not in unpack(first["export.tar.gz"])
    again = site_files(backwards, users=b"{}", home_key=b"key", known_hosts=known, signing_key=key, serial=7)
    assert first == again
    assert sorted(write(tmp_path, first)) == [
        "accounts.pyz",
        "bundle_key.pub",
        "export.tar.gz",
        "filesystems.pyz",
        "hosts",
        "slurm_accounting.pyz",
        "ssh_known_hosts",
        "users.json",
    ]
    assert write(tmp_path, again) == []
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
