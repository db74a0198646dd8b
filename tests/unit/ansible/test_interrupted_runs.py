"""A run of site.yml can end anywhere: the next one does what is left. Files that are there are not changed again."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from tests.unit.ansible.role_facts import ROLES, read

#: By tasks of a role that install a program: its archive, and the folder in it that has the program.
ARCHIVES = {
    "compute_init_export/tasks/prepare.yml": ("export_receiver", "node/export_receiver"),
    "reboot_program/tasks/configure.yml": ("reboot_program", "reboot_program"),
    "slurmctld/tasks/judge.yml": ("slurm_files", "slurm_files"),
}


def _tasks(document: Any) -> list[dict[str, Any]]:
    """All tasks of a file, those of blocks too."""
    found = []
    for task in document or ():
        found += [task, *_tasks([*task.get("block", ()), *task.get("rescue", ()), *task.get("always", ())])]
    return found


#: The tasks of all roles that site.yml and compute-init run, by file.
TASKS = {
    str(path.relative_to(ROLES)): _tasks(read(path))
    for path in sorted(ROLES.glob("*/tasks/*.yml"))
    if not path.name.startswith("install")
}


def _scripts(file: str) -> list[str]:
    """The scripts that unpack an archive which was copied before."""
    scripts = [str(each.get("ansible.builtin.shell")) for each in TASKS[file]]
    return [each for each in scripts if re.search(r"tar --extract --file=[\w.]+\.tar", each)]


def test_every_archive_is_looked_at() -> None:
    assert {file for file in TASKS if _scripts(file)} == set(ARCHIVES)


@pytest.mark.parametrize("file", ARCHIVES)
def test_a_program_is_unpacked_until_it_is_installed(file: str, tmp_path: Path) -> None:
    archive, below = ARCHIVES[file]
    lib, units, sbin, programs = (tmp_path / name for name in ("lib", "units", "sbin", "bin"))
    for folder in (lib, units, sbin, programs, source := tmp_path / "source" / below / "install"):
        folder.mkdir(parents=True)
    systemctl = programs / "systemctl"
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    names = ["slurm-appliance-slurm-files", *(f"slurm-appliance-reboot{end}" for end in ("", "-worker", "-helper"))]
    for name in [*names, "a.service", "a.socket"]:
        (source / name).write_text("first")
    environment = Environment(autoescape=False)  # noqa: S701 - a shell's text, no page
    environment.filters["quote"] = shlex.quote
    (script,) = _scripts(file)
    script = environment.from_string(script).render(reboot_program_folder=str(lib))
    for ours, of_test in (("/usr/lib/slurm-appliance", lib), ("/usr/sbin", sbin), ("/etc/systemd/system", units)):
        script = script.replace(ours, str(of_test))

    def bring() -> None:
        head = below.partition("/")[0]
        command = ["tar", "-c", f"--file={lib}/{archive}.tar", f"--directory={tmp_path}/source", head]
        subprocess.run(command, check=True)

    def run() -> "subprocess.CompletedProcess[str]":
        path = {"PATH": f"{programs}:/usr/bin:/bin"}
        return subprocess.run(["sh", "-c", script], env=path, capture_output=True, text=True, check=False)

    bring()
    # A run that ended after the archive was copied leaves it to this one.
    assert run().stdout == "installed\n"
    assert run().stdout == ""
    for name in names:
        (source / name).write_text("second")
    bring()
    # It ends while it installs.
    install = programs / "install"
    install.write_text("#!/bin/sh\nexit 1\n")
    install.chmod(0o755)
    assert run().returncode != 0
    install.unlink()
    done = run()
    assert (done.stdout, done.returncode) == ("installed\n", 0)
    assert {path.read_text() for path in sbin.iterdir() if path.name in names} == {"second"}
    assert run().stdout == ""


def _of_changes(file: str, key: str) -> list[tuple[str, str]]:
    """The tasks that do something only if another changed something: name and condition."""
    found = [
        (str(task["name"]), _with_variables(given[key], task))
        for task in TASKS[file]
        for name, given in (("task", task), *task.items())
        if name in {"task", "ansible.builtin.systemd"} and key in given
    ]
    return [(name, condition) for name, condition in found if "is changed" in condition]


def _with_variables(value: Any, task: dict[str, Any]) -> str:
    """A condition, with the task's own variables that it names."""
    text = str(value)
    return " ".join([text, *(str(each) for name, each in task.get("vars", {}).items() if name in text)])


#: The part of site.yml by the role that it is not called after.
PARTS = {"slurm_client": "slurm_commands", "slurmctld": "slurm", "slurmdbd": "slurm"}


def _left_alone(key: str) -> list[str]:
    """The tasks that an interrupted run would leave undone."""
    return [
        f"{file}: {name}"
        for file in TASKS
        for name, condition in _of_changes(file, key)
        if f"'{PARTS.get(role := file.partition('/')[0], role)}' in site_interrupted | default([])" not in condition
    ]


def test_a_service_is_restarted_after_an_interrupted_run() -> None:
    assert _of_changes("slurm_client/tasks/configure.yml", "state")
    assert _left_alone("state") == []


def test_a_step_after_a_changed_file_is_made_up_for() -> None:
    assert _of_changes("slurmctld/tasks/configure_unit.yml", "when")
    assert _of_changes("slurmdbd/tasks/configure.yml", "when")
    assert _left_alone("when") == []


#: Tasks that reload systemd for a changed unit only, and why that is enough.
RELOADED = {
    "compute_init_export/tasks/prepare.yml: Mount it": "what is mounted stays so until a boot",
    "directory_users/tasks/configure.yml: Make them now, and every minute": "only a release changes the units",
    "nfs_client/tasks/configure_nfs.yml: Mount home directories": "renew.yml takes up what changed",
    "nfs_server/tasks/configure_home.yml: Mount home directories": "renew.yml takes up what changed",
    "node_exporter/tasks/configure.yml: Start the node exporter": "the handler reloads it, too",
    "slurmd/tasks/configure.yml: Disable slurmd at boot; compute-init starts it": "compute nodes have no parts",
}


def test_systemd_reads_changed_units_after_an_interrupted_run() -> None:
    assert set(_left_alone("daemon_reload")) == set(RELOADED)
