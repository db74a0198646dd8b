"""Kernel parameters and the message of the day: written, changed and taken out."""

import os
from pathlib import Path

import pytest

from tests.unit.ansible.roles import run_role

#: Parameters that the tests set to what they are, which changes nothing of this machine.
NAME, OTHER = "kernel.pid_max", "vm.swappiness"


def _now(name: str) -> str:
    return Path("/proc/sys", *name.split(".")).read_text().strip()


NOW = _now(NAME)


@pytest.mark.skipif(not os.access("/proc/sys/kernel/pid_max", os.W_OK), reason="needs a writable /proc/sys")
def test_kernel_parameters(tmp_path: Path) -> None:
    file = tmp_path / "90.conf"
    more, fewer = {"sysctl": {NAME: NOW, OTHER: _now(OTHER)}}, {"sysctl": {NAME: NOW}}
    paths = {"sysctl_file": str(file)}
    never, first, again, less = run_role(tmp_path, "sysctl/configure", paths, {}, more, more, fewer)
    assert [each.changed for each in (never, first, again, less)] == [False, True, False, True]
    assert file.read_text().splitlines()[1:] == [f"{NAME} = {NOW}"]
    with pytest.raises(AssertionError, match=r"no\.such\.parameter|no/such/parameter"):
        run_role(tmp_path, "sysctl/configure", paths, {"sysctl": {"no.such.parameter": "1"}})
    gone, stays_gone = run_role(tmp_path, "sysctl/configure", paths, {}, {})
    assert [gone.changed, stays_gone.changed] == [True, False]
    assert not file.exists()


def test_the_message_of_the_day(tmp_path: Path) -> None:
    file = tmp_path / "motd.d" / "ours"
    runs = run_role(
        tmp_path,
        "motd/configure",
        {"motd_file": str(file)},
        {},
        {"motd": "Welcome\nto the cluster\n"},
        {"motd": "Welcome\nto the cluster"},
    )
    assert [each.changed for each in runs] == [False, True, False]
    assert file.read_text() == "Welcome\nto the cluster\n"
    assert file.stat().st_mode & 0o777 == 0o644
    gone, stays_gone = run_role(tmp_path, "motd/configure", {"motd_file": str(file)}, {}, {})
    assert [gone.changed, stays_gone.changed] == [True, False]
    assert not file.exists()


def test_limits(tmp_path: Path) -> None:
    file = tmp_path / "90.conf"
    given = {"limits": {"memlock": "unlimited", "nofile": "65536"}}
    never, first, again, gone = run_role(tmp_path, "limits/configure", {"limits_file": str(file)}, {}, given, given, {})
    assert [each.changed for each in (never, first, again, gone)] == [False, True, False, True]
    run_role(tmp_path, "limits/configure", {"limits_file": str(file)}, given)
    assert file.read_text().splitlines()[1:] == ["* - memlock unlimited", "* - nofile 65536"]


def test_tuned_is_named_where_the_image_has_none(tmp_path: Path) -> None:
    paths = {"tuned_program": str(tmp_path / "none"), "tuned_record": str(tmp_path / "record")}
    (never,) = run_role(tmp_path, "tuned/configure", paths, {})
    assert not never.changed
    with pytest.raises(AssertionError, match="extra_packages"):
        run_role(tmp_path, "tuned/configure", paths, {"tuned_profile": "balanced"})
