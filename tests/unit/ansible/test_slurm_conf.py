"""What slurm.conf says of memory, root's jobs and triggers: the template as site.yml renders it."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from slurm_appliance.config import from_stack_file
from slurm_appliance.site.inventory_settings import playbook_settings
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


#: Slurm's release and slurm.options, by what is looked at; each is a host of one run.
_CASES: dict[str, tuple[str, dict[str, str]]] = {
    "debian": ("22.05.8", {}),
    "before": ("23.11.4", {}),
    "since": ("23.11.5", {}),
    "later": ("24.11.5", {}),
    "programs": ("24.11.5", {"MailProg": "/opt/site/mail", "SelectTypeParameters": "CR_Core"}),
    "epilog": ("24.11.5", {"epilog": "/opt/site/epilog"}),
}

Rendered = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The options of the rendered files, by case and file; each partition's line as PartitionName=NAME."""
    folder = tmp_path_factory.mktemp("slurm-conf")
    settings = playbook_settings(from_stack_file(REPOSITORY / "stacks/Pulumi.example.yaml"))
    partition = {"max_time": "1-0", "state": "UP", "options": {}}
    settings |= {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_name": "test",
        "cluster_compute_groups": ["big", "small"],
        "control_host": "control-0",
        "control_address": "10.0.0.2",
        "slurm_partitions": {
            "all": {"groups": ["big", "small"], "default": True, **partition},
            "large": {"groups": ["big"], "default": False, **partition},
        },
        "slurmctld_facts": {
            "big": {"processors": "Sockets=1 CoresPerSocket=2 ThreadsPerCore=2", "memory_mb": 16000},
            "small": {"processors": "CPUs=2", "memory_mb": 2000},
        },
        "state_dir": "/var/lib/state",
        "rendered": f"{folder}/{{{{ inventory_hostname }}}}",
    }
    controls = {}
    for name, (release, options) in _CASES.items():
        (folder / name).mkdir()
        controls[name] = {"slurmctld_release": release, "slurm": settings["slurm"] | {"options": options}}
    hosts: dict[str, Any] = {group: {"hosts": {f"{group}-0": {}}} for group in ("big", "small")}
    inventory = {"all": {"vars": settings, "children": {"control": {"hosts": controls}, **hosts}}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    (folder / "play.yml").write_text(_PLAYBOOK.replace("{{ playbook_dir }}", str(ANSIBLE)))
    environment = {**os.environ, "ANSIBLE_FILTER_PLUGINS": str(ANSIBLE / "filter_plugins"), "ANSIBLE_HOME": str(folder)}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.json")]
    command += ["-e", "{slurmctld_cgroups: true}"]  # Asks the node's facts otherwise.
    done = subprocess.run(
        [*command, str(folder / "play.yml")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = ("slurm.conf", "confined.conf")
    return {case: {name: _options(folder / case / name) for name in names} for case in _CASES}


def _options(path: Path) -> dict[str, str]:
    found = {}
    for line in path.read_text().splitlines():
        option, _, value = line.partition(" " if line.startswith("PartitionName=") else "=")
        found[option] = value
    return found


def test_jobs_share_memory_and_none_is_root_s(rendered: Rendered) -> None:
    slurm = rendered["debian"]["slurm.conf"]

    assert slurm["SelectTypeParameters"] == "CR_Core_Memory"
    assert slurm["DisableRootJobs"] == "YES"
    assert "DefMemPerCPU=950" in slurm["PartitionName=all"]
    assert "DefMemPerCPU=3800" in slurm["PartitionName=large"]


def test_users_are_held_to_the_accounting_and_see_their_own(rendered: Rendered) -> None:
    slurm = rendered["debian"]["slurm.conf"]

    assert slurm["PrivateData"] == "accounts,jobs,usage,users"
    assert slurm["AccountingStorageEnforce"] == "associations,limits,qos"
    assert slurm["Prolog"] == "/usr/sbin/slurm-appliance-prolog"
    assert slurm["Epilog"] == "/usr/sbin/slurm-appliance-epilog"


@pytest.mark.parametrize(("case", "off"), [("debian", False), ("before", False), ("since", True), ("later", True)])
def test_triggers_are_off_where_slurm_can(rendered: Rendered, case: str, off: bool) -> None:
    assert ("disable_triggers" in rendered[case]["slurm.conf"]["SlurmctldParameters"].split(",")) == off


def test_what_slurmctld_starts_is_of_the_system(rendered: Rendered) -> None:
    confined = rendered["debian"]["confined.conf"]

    assert (confined["NoExecPaths"], confined["NoNewPrivileges"]) == ("/", "yes")
    assert not {"/home", "/var", "/tmp", "/run", "/etc"} & set(confined["ExecPaths"].split())  # noqa: S108 - a name


def test_a_site_s_own_programs_are_not_kept_from_running(rendered: Rendered) -> None:
    confined, slurm = rendered["programs"]["confined.conf"], rendered["programs"]["slurm.conf"]

    assert not {"NoExecPaths", "NoNewPrivileges"} & confined.keys()
    assert confined["ProtectHome"] == "yes"
    assert "DefMemPerCPU" not in slurm["PartitionName=all"]


def test_a_site_s_epilog_takes_the_place_of_both(rendered: Rendered) -> None:
    slurm = rendered["epilog"]["slurm.conf"]

    assert slurm["epilog"] == "/opt/site/epilog"
    assert not {"Prolog", "Epilog"} & slurm.keys()
