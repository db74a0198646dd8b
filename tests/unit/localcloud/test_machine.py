import json
import stat
from pathlib import Path

import pytest

from localcloud.control import host, lifecycle
from localcloud.control.credentials import passwords, write_clouds_yaml
from localcloud.control.files import tail
from localcloud.control.mirror import configuration
from localcloud.control.shell import export_lines
from localcloud.errors import MachineError, NotRunningError
from localcloud.host import debian
from localcloud.host.layout import STATE_VARIABLE, CloudLayout


def test_missing_packages_are_named_with_their_reason() -> None:
    package = debian.Package("mariadb-server-core", "no-such-program", "the services' database")
    assert debian.missing([package]) == [package]
    with pytest.raises(MachineError) as caught:
        debian.refuse([package])
    assert caught.value.evidence == f"{package.name}: {package.why}"
    assert "apt-get install" in caught.value.remedy


def test_a_program_that_is_there_needs_no_package() -> None:
    assert debian.missing([debian.Package("coreutils", "ls", "always")]) == []
    debian.refuse([])


def test_without_root_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MachineError):
        host.require_root()


def test_two_commands_do_not_change_a_cloud_at_once(tmp_path: Path) -> None:
    layout = CloudLayout(tmp_path / "cloud")
    with lifecycle.exclusive(layout), pytest.raises(MachineError), lifecycle.exclusive(layout):
        pass


def test_the_state_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    assert CloudLayout.of_user().root == tmp_path
    monkeypatch.setenv(STATE_VARIABLE, "")
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert CloudLayout.of_user().root == Path("/var/state/slurm-appliance/cloud")


def test_a_folder_whose_socket_would_not_fit_is_known() -> None:
    assert CloudLayout(Path("/short")).database_socket_fits
    assert not CloudLayout(Path("/" + "x" * 100)).database_socket_fits


def test_passwords_differ_between_users_and_clouds_and_stay(tmp_path: Path) -> None:
    one, two = CloudLayout(tmp_path / "one"), CloudLayout(tmp_path / "two")
    for layout in (one, two):
        layout.make_folders()
    first = passwords(one)
    assert passwords(one) == first
    everything = [*first.values(), *passwords(two).values()]
    assert len(set(everything)) == len(everything)
    assert stat.S_IMODE(one.passwords.stat().st_mode) == 0o600


def test_clouds_yaml_has_a_user_and_an_administrator(tmp_path: Path) -> None:
    layout = CloudLayout(tmp_path)
    clouds = json.loads(write_clouds_yaml(layout).read_text())["clouds"]
    assert {name: cloud["auth"]["username"] for name, cloud in clouds.items()} == {
        "slurm-local": "slurm",
        "slurm-local-admin": "admin",
    }
    assert stat.S_IMODE(layout.clouds_yaml.stat().st_mode) == 0o600


def test_export_lines_hold_no_secret(tmp_path: Path) -> None:
    layout = CloudLayout(tmp_path / "with space")
    with pytest.raises(NotRunningError):
        export_lines(layout)
    layout.make_folders()
    write_clouds_yaml(layout)
    lines = export_lines(layout)
    assert f"export OS_CLIENT_CONFIG_FILE='{layout.clouds_yaml}'" in lines
    assert not any(password in line for password in passwords(layout).values() for line in lines)


def test_the_mirror_goes_through_the_machine_s_proxy_if_it_has_one() -> None:
    assert "Proxy: " not in configuration("")
    assert "Proxy: http://proxy.example:3128\n" in configuration("http://proxy.example:3128")


def test_the_end_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "nova.log"
    assert tail(log) == ""
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert tail(log, lines=2) == "line 98\nline 99"
