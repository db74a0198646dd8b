"""Without monitoring, nothing of it runs: what is switched off stops, and what never ran is no failure."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.site.part_digests import mentioned
from slurm_appliance.site.parts import site_parts
from tests.unit.ansible.role_facts import ANSIBLE, ROLES, read

ROLES_OF_MONITORING = ("node_exporter", "prometheus", "slurm_metrics")
#: Knows units by their files in a folder: what is-active says, and whether the unit is enabled.
SYSTEMCTL = """#!/bin/sh
command=$1; shift
[ "$command" != disable ] || { echo "$@" >> "$UNITS/../disabled"; shift; }
unit=$UNITS/$1
case $command in
    is-active) cat "$unit/active" 2>/dev/null || { echo inactive; exit 3; }
        grep -q "^active" "$unit/active" || exit 3 ;;
    is-enabled) [ -e "$unit" ] || { echo "No such file" >&2; exit 1; }
        [ -e "$unit/enabled" ] && echo enabled || { echo disabled; exit 1; } ;;
    disable) [ -e "$unit" ] || exit 1; rm -f "$unit/enabled"; echo inactive > "$unit/active" ;;
esac
"""


def _script(role: str) -> str:
    (task,) = read(ROLES / role / "tasks/stop.yml")
    return str(task["ansible.builtin.shell"])


@pytest.mark.parametrize("role", ROLES_OF_MONITORING)
@pytest.mark.parametrize(
    ("active", "enabled", "stopped"),
    [
        ("active", True, True),
        ("active", False, True),
        ("activating", False, True),
        ("inactive", True, True),
        ("failed", True, True),
        ("inactive", False, False),
        ("failed", False, False),
        ("", False, False),
    ],
)
def test_it_stops_and_does_not_start_at_boot(
    role: str, active: str, enabled: bool, stopped: bool, tmp_path: Path
) -> None:
    """Empty: there is no such unit."""
    programs, units = tmp_path / "bin", tmp_path / "units"
    programs.mkdir()
    units.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
    script = _script(role)
    unit = script.partition("unit=")[2].partition("\n")[0]
    if active:
        (units / unit).mkdir()
        (units / unit / "active").write_text(f"{active}\n")
        if enabled:
            (units / unit / "enabled").touch()

    def run() -> str:
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "UNITS": str(units)}
        return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True).stdout

    assert run() == ("stopped\n" if stopped else "")
    assert run() == "", "once"
    assert (tmp_path / "disabled").exists() == stopped
    assert not stopped or (tmp_path / "disabled").read_text() == f"--now {unit}\n"


def _of_role(playbook: str, role: str) -> list[dict[str, Any]]:
    found = []
    for play in yaml.safe_load((ANSIBLE / playbook).read_text()):
        for task in play.get("tasks", ()):
            named = task.get("ansible.builtin.import_role", task.get("ansible.builtin.include_role", {}))
            found += [task] if named.get("name") == role else []
    return found


@pytest.mark.parametrize("role", ["prometheus", "slurm_metrics"])
def test_site_stops_what_it_would_configure(role: str) -> None:
    tasks = {task["ansible.builtin.import_role"]["tasks_from"]: task for task in _of_role("site.yml", role)}
    assert {name: task["when"] for name, task in tasks.items()} == {
        "configure": "features.monitoring",
        "stop": "not features.monitoring",
    }
    assert {task["tags"] for task in tasks.values()} == {f"part_{role}"}


def test_the_node_exporter_stops_everywhere() -> None:
    *_, last = read(ROLES / "node_exporter/tasks/configure.yml")
    assert (last["ansible.builtin.include_tasks"], last["when"]) == ("stop.yml", "not features.monitoring")
    tasks = [*_of_role("site.yml", "node_exporter"), *_of_role("compute-init.yml", "node_exporter")]
    assert ["when" in task for task in tasks] == [False, False], "the role decides, also on running compute nodes"


def test_its_parts_run_where_the_setting_changes() -> None:
    parts = site_parts(ANSIBLE)
    assert all("features" in mentioned(parts[name].text) for name in ROLES_OF_MONITORING)
