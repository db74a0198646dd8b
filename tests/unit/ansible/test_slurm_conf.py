"""What slurm.conf says of memory, root's jobs and triggers: the template as site.yml renders it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from slurm_appliance.config import from_stack_file
from slurm_appliance.inventory_settings import playbook_settings
from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"


def _filters() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slurm_memory", ANSIBLE / "filter_plugins/slurm_memory.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILTERS = _filters()


@pytest.mark.parametrize(
    ("processors", "memory", "share"),
    [
        ("CPUs=4", 8000, 2000),
        ("Sockets=2 CoresPerSocket=4 ThreadsPerCore=2", 32000, 2000),
        ("CPUs=1", 500, 500),
        ("CPUs=64", 10, 1),
    ],
)
def test_memory_of_a_processor(processors: str, memory: int, share: int) -> None:
    assert FILTERS.slurm_memory_per_cpu(processors, memory) == share


@pytest.mark.parametrize(
    ("groups", "options", "partition", "said"),
    [
        (["big", "small"], {}, {}, " DefMemPerCPU=1000"),
        (["big"], {}, {}, " DefMemPerCPU=4000"),
        (["gone"], {}, {}, ""),
        (["big"], {"selecttypeparameters": "CR_Core"}, {}, ""),
        (["big"], {"defmempernode": 500}, {}, ""),
        (["big"], {}, {"DEFMEMPERCPU": 500}, ""),
    ],
)
def test_default_memory(groups: list[str], options: dict[str, Any], partition: dict[str, Any], said: str) -> None:
    options = {"SelectTypeParameters": "CR_Core_Memory"} | options if "selecttypeparameters" not in options else options

    assert FILTERS.slurm_default_memory({"big": 4000, "small": 1000}, groups, options, partition) == said


_PLAYBOOK = """
- hosts: control
  gather_facts: false
  tasks:
    - ansible.builtin.include_vars: "{{ playbook_dir }}/roles/slurmctld/defaults/main.yml"
    - ansible.builtin.template:
        src: "{{ playbook_dir }}/roles/slurmctld/templates/{{ item }}.j2"
        dest: "{{ rendered }}/{{ item }}"
      loop: [slurm.conf, confined.conf]
"""


def _rendered(folder: Path, release: str, slurm: str = "") -> dict[str, dict[str, str]]:
    """The options of the rendered files, and each partition's line as PartitionName=NAME."""
    stack = folder / "Pulumi.test.yaml"
    stack.write_text((REPOSITORY / "stacks/Pulumi.example.yaml").read_text())
    settings = playbook_settings(from_stack_file(stack))
    settings["slurm"]["options"] = yaml.safe_load(slurm) or {}
    settings["slurm_partitions"] = {
        "all": {"groups": ["big", "small"], "default": True, "max_time": "1-0", "state": "UP", "options": {}},
        "large": {"groups": ["big"], "default": False, "max_time": "1-0", "state": "UP", "options": {}},
    }
    settings |= {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_name": "test",
        "cluster_compute_groups": ["big", "small"],
        "control_host": "control-0",
        "control_address": "10.0.0.2",
        "slurmctld_release": release,
        "slurmctld_facts": {
            "big": {"processors": "Sockets=1 CoresPerSocket=2 ThreadsPerCore=2", "memory_mb": 16000},
            "small": {"processors": "CPUs=2", "memory_mb": 2000},
        },
        "state_dir": "/var/lib/state",
        "rendered": str(folder),
    }
    hosts: dict[str, Any] = {group: {"hosts": {f"{group}-0": {}}} for group in ("big", "small")}
    inventory = {"all": {"vars": settings, "children": {"control": {"hosts": {"control-0": {}}}, **hosts}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (folder / "play.yml").write_text(_PLAYBOOK.replace("{{ playbook_dir }}", str(ANSIBLE)))
    environment = {**os.environ, "ANSIBLE_FILTER_PLUGINS": str(ANSIBLE / "filter_plugins"), "ANSIBLE_HOME": str(folder)}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.yml")]
    command += ["-e", "{slurmctld_cgroups: true}"]  # Asks the node's facts otherwise.
    done = subprocess.run(
        [*command, str(folder / "play.yml")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {}
    for name in ("slurm.conf", "confined.conf"):
        found[name] = {}
        for line in (folder / name).read_text().splitlines():
            option, _, value = line.partition("=")
            if option == "PartitionName":
                option, _, value = line.partition(" ")
            found[name][option] = value
    return found


def test_jobs_share_memory_and_none_is_root_s(tmp_path: Path) -> None:
    rendered = _rendered(tmp_path, "22.05.8")

    slurm = rendered["slurm.conf"]
    assert slurm["SelectTypeParameters"] == "CR_Core_Memory"
    assert slurm["DisableRootJobs"] == "YES"
    assert "DefMemPerCPU=950" in slurm["PartitionName=all"]
    assert "DefMemPerCPU=3800" in slurm["PartitionName=large"]
    assert "disable_triggers" not in slurm["SlurmctldParameters"]
    assert rendered["confined.conf"]["NoExecPaths"] == "/"
    assert slurm["PrivateData"] == "accounts,jobs,usage,users"
    assert slurm["AccountingStorageEnforce"] == "associations,limits,qos"
    assert (slurm["Prolog"], slurm["Epilog"]) == (
        "/usr/sbin/slurm-appliance-prolog",
        "/usr/sbin/slurm-appliance-epilog",
    )


@pytest.mark.parametrize(("release", "off"), [("23.11.4", False), ("23.11.5", True), ("24.11.5", True)])
def test_triggers_are_off_where_slurm_can(tmp_path: Path, release: str, off: bool) -> None:
    assert ("disable_triggers" in _rendered(tmp_path, release)["slurm.conf"]["SlurmctldParameters"].split(",")) == off


def test_a_site_s_own_programs_are_not_kept_from_running(tmp_path: Path) -> None:
    rendered = _rendered(tmp_path, "24.11.5", "{MailProg: /opt/site/mail, SelectTypeParameters: CR_Core}")

    assert "NoExecPaths" not in rendered["confined.conf"]
    assert "NoNewPrivileges" not in rendered["confined.conf"]
    assert rendered["confined.conf"]["ProtectHome"] == "yes"
    assert "DefMemPerCPU" not in rendered["slurm.conf"]["PartitionName=all"]


def test_a_site_s_epilog_takes_the_place_of_both(tmp_path: Path) -> None:
    slurm = _rendered(tmp_path, "24.11.5", "{epilog: /opt/site/epilog}")["slurm.conf"]

    assert slurm["epilog"] == "/opt/site/epilog"
    assert not {"Prolog", "Epilog"} & slurm.keys()
