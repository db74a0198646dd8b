"""The parts of site.yml: each is in the table, and depends on what its roles mention."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.site.known_facts import FACTS
from slurm_appliance.site.part_digests import SiteInputs, part_digests
from slurm_appliance.site.parts import BOOT, RENDER, TABLE, SitePart, site_parts
from slurm_appliance.site.skipping import units_of
from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"
PARTS = site_parts(ANSIBLE)
#: Roles of which tasks run in every run, by name and tasks, and why.
ALWAYS = {
    ("state_volume", "grow"): "a volume grows outside",
    ("filesystems", "configure"): "what is mounted changes outside",
    ("nfs_client", "renew"): "what is in use is free later",
    ("slurm_accounting", "withdraw"): "jobs end later",
    ("directory_users", "configure"): "users of the directory come and go outside",
    ("nfs_server", "choose"): "other roles need the choice",
    ("compute_init_export", "configure"): "the export has the time, and repairs what lies on the control node",
}
SECRET = {"munge_key": "m", "bundle_signing_key": "b", "monitoring_password": "p"}
HOSTS: dict[str, dict[str, Any]] = {
    "control": {
        "group_names": ["control"],
        "ansible_host": "10.0.0.1",
        "instance_id": "s-1",
        "state_dir": "/var/lib/state",
        "home": {"server": None, "mount_point": "/home"},
        "slurm": {"options": {}, "accounting": True},
        "slurm_partitions": {"all": {}},
        "chrony_servers": [],
        "unrelated": 1,
        **SECRET,
    },
    "login": {
        "group_names": ["login"],
        "ansible_host": "10.0.0.2",
        "instance_id": "s-2",
        "chrony_servers": [],
        **SECRET,
    },
    "c-0": {"group_names": ["compute"], "ansible_host": "10.0.0.3", "instance_id": "s-3", "node_vcpus": 4},
}
FILES = {"hosts": "1", "users.json": "1", "home_key": "1", "no_proxy": "1", "accounts.pyz": "1"}


def digests(
    hosts: dict[str, dict[str, Any]] = HOSTS, files: dict[str, str] = FILES, parts: Any = PARTS
) -> dict[tuple[str, str], str]:
    found = part_digests(parts, SiteInputs(hosts, "control", files, b"key"))
    return {(host, part): digest for host, each in found.items() for part, digest in each.items()}


def changed(after: dict[tuple[str, str], str]) -> set[str]:
    before = digests()
    return {part for host, part in before.keys() | after.keys() if before.get((host, part)) != after.get((host, part))}


def with_(host: str, **values: Any) -> dict[str, dict[str, Any]]:
    return HOSTS | {host: HOSTS[host] | values}


def test_every_role_of_the_playbook_is_a_part_or_always_runs() -> None:
    untagged = set()
    for play in yaml.safe_load((ANSIBLE / "site.yml").read_text()):
        for task in play.get("tasks", ()):
            role = task.get("ansible.builtin.import_role")
            assert "ansible.builtin.include_role" not in task, task["name"]
            if role and "tags" not in task:
                untagged.add((role["name"], role["tasks_from"]))
            assert task.get("tags", BOOT) in {BOOT, RENDER, *(f"part_{name}" for name in PARTS)}
    assert untagged == ALWAYS.keys()


def test_a_part_without_an_entry_and_an_entry_without_a_part_are_refused(tmp_path: Path) -> None:
    text, table = TABLE.read_text(), tmp_path / "parts.yml"
    for wrong, said in ((text.replace("motd: {}\n", ""), "motd"), (f"{text}other: {{}}\n", "other")):
        table.write_text(wrong)
        with pytest.raises(ValueError, match=said):
            site_parts(ANSIBLE, table)


@pytest.mark.parametrize(
    ("hosts", "parts"),
    [
        (with_("control", unrelated=2), set()),
        (with_("login", chrony_servers=["ntp"]), {"chrony"}),
        (with_("login", motd="Hello"), {"motd"}),
        (with_("login", sysctl={"a": "1"}), {"sysctl"}),
        # A condition below a task's name.
        (with_("login", features={"monitoring": False}), {"node_exporter", "slurm", "slurm_commands"}),
        (with_("control", slurm_partitions={"other": {}}), {"slurm", "slurm_commands"}),
        # Of the first node of a group, slurmctld needs the hardware; nobody else.
        (with_("c-0", node_vcpus=8), {"slurm", "slurm_commands"}),
        (with_("c-0", instance_id="s-9"), {"slurm", "slurm_commands"}),
        (with_("c-0", ansible_host="10.0.0.9"), set()),
    ],
)
def test_parts_depend_on_the_variables_that_they_mention(hosts: dict[str, dict[str, Any]], parts: set[str]) -> None:
    assert changed(digests(hosts)) == parts


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("users.json", {"basic_users", "home_over_ssh", "login_home", "slurm_accounting"}),
        ("hosts", {"etc_hosts"}),
        ("home_key", {"control_home", "login_home"}),
        ("no_proxy", {"proxy", "reboot_program"}),
        ("accounts.pyz", {"accounts", "basic_users", "home_over_ssh", "login_home", "slurm_accounting"}),
    ],
)
def test_parts_depend_on_the_rendered_files_that_they_mention(file: str, parts: set[str]) -> None:
    assert changed(digests(files=FILES | {file: "2"})) == parts


def test_slurms_name_in_paths_is_not_its_settings() -> None:
    parts = changed(digests(with_("control", slurm={"options": {"KillWait": 43}, "accounting": True})))
    assert {"slurm", "slurm_commands"} <= parts
    assert not parts & {"chrony", "munge", "prometheus", "sshd"}


def test_a_reference_is_followed_to_the_variable_behind_it() -> None:
    one = with_("login", chrony_servers="{{ site_time }}", site_time=["a"])
    other = with_("login", chrony_servers="{{ site_time }}", site_time=["b"])
    assert digests(one)["login", "chrony"] != digests(other)["login", "chrony"]


@pytest.mark.parametrize("value", ["{{ lookup('env', 'TIME') }}", "{{ query('pipe', 'date') }}", "{{ now() }}"])
def test_what_reads_from_elsewhere_has_no_digest(value: str) -> None:
    found = digests(with_("control", state_dir=value))
    assert found["control", "slurm"] == ""
    assert found["login", "slurm_commands"] == "", "it follows slurm"
    assert found["control", "chrony"] != ""


def test_a_folder_that_is_used_in_an_unknown_way_means_all_files() -> None:
    part = SitePart("odd", frozenset({"login"}), "copy {{ site_folder }} whole", "x")
    one, other = (digests(files={"hosts": name}, parts={"odd": part}) for name in "12")
    assert one != other


def test_the_content_of_roles_counts_and_no_secret_can_be_guessed() -> None:
    part = PARTS["munge"]
    edited = {"munge": SitePart(part.name, part.groups, part.text, part.content + "x")}
    assert digests(parts=edited) != digests(parts={"munge": part})
    keys = (SiteInputs(HOSTS, "control", {}, key) for key in (b"one", b"other"))
    one, other = (part_digests({"munge": part}, inputs)["login"]["munge"] for inputs in keys)
    assert one != other


def test_what_all_roles_share_counts_for_every_part(tmp_path: Path) -> None:
    copy = tmp_path / "ansible"
    shutil.copytree(ANSIBLE, copy)
    same = site_parts(copy)
    assert {name: part.content for name, part in same.items()} == {name: part.content for name, part in PARTS.items()}
    (copy / "group_vars/all/containers.yml").write_text("node_is_container: true\n")
    other = site_parts(copy)
    assert [name for name, part in other.items() if part.content == PARTS[name].content] == []


def test_roles_read_no_fact_that_is_not_kept() -> None:
    texts = [path.read_text() for path in ANSIBLE.glob("roles/*/*/*.yml") if "install" not in path.name]
    texts += [path.read_text() for path in (*ANSIBLE.glob("roles/*/templates/*"), ANSIBLE / "site.yml")]
    read = {name for text in texts for name in re.findall(r"ansible_facts(?:\['|\.)(\w+)", text)}
    assert read <= FACTS
    assert {"os_family", "memtotal_mb"} <= read


def test_roles_name_their_variables() -> None:
    """Else a part's text does not tell what it depends on."""
    for path in ANSIBLE.glob("roles/*/*/*.yml"):
        assert not re.search(
            r"\bvars\[|(lookup|query)\(\s*'(ansible\.builtin\.)?(vars|varnames|env|pipe|url)", path.read_text()
        )


def test_handlers_of_an_interrupted_run_are_made_up_for() -> None:
    """Files that it changed are not changed again: nothing else would notify them."""
    of_nodes = {path.parent.parent.name for path in ANSIBLE.glob("roles/*/meta/node_variables.yml")}
    for role in {name for name in {*PARTS, *of_nodes} if (ANSIBLE / "roles" / name / "handlers").is_dir()}:
        tasks = (ANSIBLE / "roles" / role / "tasks" / "configure.yml").read_text()
        names = {each["name"] for each in yaml.safe_load((ANSIBLE / f"roles/{role}/handlers/main.yml").read_text())}
        again = re.findall(rf"'{role}' in site_interrupted \| default\(\[\]\)[^\0]*?notify: (.*)", tasks)
        # A restart includes a reload.
        assert {*again, *(name for name in names if name.startswith("Reload ") and len(again) < len(names))} == names


def test_units_of_a_part_are_those_of_every_distribution() -> None:
    assert {"chrony.service", "chronyd.service"} <= units_of(PARTS["chrony"])
    assert {"slurmctld.service", "slurmdbd.service"} <= units_of(PARTS["slurm"])
