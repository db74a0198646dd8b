"""The proxy on a node: for sessions without the login, for root's programs with it, and gone when it is not set."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.ansible.roles import run_role

HTTP, HTTPS = "http://proxy:3128", "http://secure:3129"
PROXY = {"http": HTTP, "https": HTTPS, "no_proxy": ["mirror", ".example.org", "fd00::/8"]}
LOGIN = {"http": "http://me:pass%2F@proxy:3128", "https": "http://me:pass%2F@secure:3129"}
DNF = "[main]\ngpgcheck=1\n"


def paths(folder: Path) -> dict[str, Any]:
    (folder / "no_proxy").write_text("localhost,10.0.0.0/24")
    (folder / "dnf.conf").write_text(DNF)
    return {
        "proxy_sessions_file": str(folder / "sessions.sh"),
        "proxy_apt_file": str(folder / "apt.conf"),
        "proxy_dnf_file": str(folder / "dnf.conf"),
        "proxy_exceptions_file": str(folder / "no_proxy"),
    }


@pytest.mark.parametrize("family", ["Debian", "RedHat"])
def test_it_is_written_once_and_goes_away(family: str, tmp_path: Path) -> None:
    given = {"proxy": PROXY, "proxy_with_login": LOGIN}
    never, first, again, gone, stays_gone = run_role(
        tmp_path, "proxy/configure", paths(tmp_path), {}, given, given, {}, {}, family=family
    )
    assert [each.changed for each in (never, first, again, gone, stays_gone)] == [False, True, False, True, False]
    assert "pass" not in first.said + gone.said
    assert not (tmp_path / "sessions.sh").exists()
    assert not (tmp_path / "apt.conf").exists()
    assert (tmp_path / "dnf.conf").read_text() == DNF
    assert (tmp_path / "dnf.conf").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("family", "file"), [("Debian", "apt.conf"), ("RedHat", "dnf.conf")])
@pytest.mark.parametrize(
    ("login", "address", "mode"),
    [({}, HTTPS, 0o644), ({"proxy_with_login": LOGIN}, LOGIN["https"], 0o600)],
    ids=["open", "login"],
)
def test_root_has_the_login_and_sessions_have_not(
    family: str, file: str, login: dict[str, Any], address: str, mode: int, tmp_path: Path
) -> None:
    run_role(tmp_path, "proxy/configure", paths(tmp_path), {"proxy": PROXY, **login}, family=family)
    assert address in (tmp_path / file).read_text()
    assert (tmp_path / file).stat().st_mode & 0o777 == mode

    sessions = tmp_path / "sessions.sh"
    assert sessions.stat().st_mode & 0o777 == 0o644
    command = ["/bin/sh", "-ec", f". {sessions}; env"]
    seen = subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = {"http_proxy": HTTP, "https_proxy": HTTPS, "no_proxy": "localhost,10.0.0.0/24"}
    for name, value in expected.items():
        assert {f"{name}={value}", f"{name.upper()}={value}"} <= set(seen)


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt-config")
def test_apt_reads_it(tmp_path: Path) -> None:
    run_role(tmp_path, "proxy/configure", paths(tmp_path), {"proxy": PROXY, "proxy_with_login": LOGIN})
    command = ["apt-config", "dump", "--format=%f=%v%n", "Acquire"]
    given = {"APT_CONFIG": str(tmp_path / "apt.conf"), "PATH": "/usr/bin:/bin"}
    read = subprocess.run(command, env=given, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = {f"Acquire::{name}::Proxy={address}" for name, address in LOGIN.items()}
    assert expected | {"Acquire::http::Proxy::mirror=DIRECT", "Acquire::https::Proxy::mirror=DIRECT"} <= set(read)
    assert not [line for line in read if "example.org" in line or "fd00" in line]
