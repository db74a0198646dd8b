"""The RebootProgram's worker is a user of its own: its units, its account, and the take-over of SlurmUser's spool."""

import configparser
import os
import pwd
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from node.reboot_program.settings import RebootSettings
from toolchain.paths import REPOSITORY

INSTALL = REPOSITORY / "node/reboot_program/install"
ROLE = REPOSITORY / "ansible/roles/reboot_program"
USER = yaml.safe_load((ROLE / "defaults/main.yml").read_text())["reboot_program_user"]


def _unit(name: str) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parsed.read(INSTALL / name)
    return parsed


def test_one_name_everywhere() -> None:
    accounts = yaml.safe_load((REPOSITORY / "ansible/group_vars/all/system_users.yml").read_text())["system_users_list"]

    assert RebootSettings().user == USER
    assert _unit("slurm-appliance-reboot.service")["Service"]["User"] == USER
    assert _unit("slurm-appliance-reboot-helper.socket")["Socket"]["SocketGroup"] == USER
    assert USER in [account["name"] for account in accounts]
    assert len({account["id"] for account in accounts}) == len(accounts)
    assert all(200 <= account["id"] < 1000 for account in accounts)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"interface": "internal"}, {"interface": "internal"}),
        ({"ca_certificates": "x", "auth": {}}, {"auth": {}, "cacert": "/etc/slurm-appliance/cloud-ca.pem"}),
    ],
)
def test_certificates_become_a_file_that_the_entry_names(given: dict[str, object], expected: dict[str, object]) -> None:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    loader = DataLoader()
    defaults = loader.load_from_file(str(ROLE / "defaults/main.yml"), trusted_as_template=True)
    found = Templar(loader, {**defaults, "reboot_cloud": given}).template(defaults["reboot_program_cloud"])
    assert dict(found) == expected


def test_each_side_of_a_socket_is_the_one_that_the_programs_expect() -> None:
    requests, helper = _unit("slurm-appliance-reboot.socket"), _unit("slurm-appliance-reboot-helper.socket")

    assert requests["Socket"]["ListenStream"] == str(RebootSettings().requests)
    assert requests["Socket"]["SocketGroup"] == RebootSettings().slurm_user
    assert helper["Socket"]["ListenStream"] == str(RebootSettings().helper)
    assert _unit("slurm-appliance-reboot-helper@.service")["Service"]["User"] == RebootSettings().slurm_user
    assert {requests["Socket"]["SocketMode"], helper["Socket"]["SocketMode"]} == {"0660"}
    assert {requests["Socket"]["SocketUser"], helper["Socket"]["SocketUser"]} == {"root"}


@pytest.mark.parametrize("name", ["slurm-appliance-reboot.service", "slurm-appliance-reboot-helper@.service"])
def test_units_are_confined(name: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    for unit in INSTALL.glob("*.s*e*"):
        shutil.copy(unit, tmp_path)
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(tmp_path / name)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def _shell_of(task: str, **variables: str) -> str:
    tasks = yaml.safe_load((ROLE / "tasks/configure_user.yml").read_text())
    (found,) = (each for each in tasks if each["name"] == task)
    environment = Environment(autoescape=False)  # noqa: S701 - a shell's text, no page
    environment.filters["quote"] = shlex.quote
    return environment.from_string(found["ansible.builtin.shell"]).render(variables)


def _run(task: str, spool: Path, programs: Path) -> str:
    script = _shell_of(task, reboot_program_spool=str(spool), reboot_program_user="nobody")
    path = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-c", script], env=path, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to other users")
def test_the_spool_is_taken_over_and_nothing_that_links_out_of_it(tmp_path: Path) -> None:
    programs, spool, outside = tmp_path / "bin", tmp_path / "the spool", tmp_path / "outside"
    programs.mkdir()
    (programs / "systemctl").write_text("#!/bin/sh\nexit 3\n")
    (programs / "systemctl").chmod(0o755)
    outside.write_text("root's")
    (spool / "nodes").mkdir(parents=True)
    (spool / "nodes" / "c1.json").write_text("{}")
    (spool / "nodes" / "c2.json").symlink_to(outside)
    os.mkfifo(spool / "requests.json")
    daemon = pwd.getpwnam("daemon").pw_uid
    for path in (spool, *spool.rglob("*")):
        os.lchown(path, daemon, daemon)
    asked = "Check whether the worker owns the whole spool"
    assert _run(asked, spool, programs)

    _run("Transfer the spool to the worker", spool, programs)

    nobody = pwd.getpwnam("nobody").pw_uid
    assert sorted(path.name for path in spool.rglob("*")) == ["c1.json", "nodes"]
    assert {path.lstat().st_uid for path in (spool, *spool.rglob("*"))} == {nobody}
    assert spool.stat().st_mode & 0o777 == 0o700
    assert outside.stat().st_uid == 0
    assert _run(asked, spool, programs) == ""
    # An interrupted take-over is seen again.
    os.chown(spool / "nodes", daemon, daemon)
    assert _run(asked, spool, programs)


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to other users")
def test_no_spool_is_nothing_to_take_over(tmp_path: Path) -> None:
    assert _run("Check whether the worker owns the whole spool", tmp_path / "none", tmp_path) == ""
