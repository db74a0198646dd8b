"""The RebootProgram's worker gets the site's proxy from systemd, and its login stays root's."""

import configparser
from pathlib import Path

from tests.unit.ansible.roles import run_role


def test_given_once_and_taken_away(tmp_path: Path) -> None:
    unit, environment = tmp_path / "http-proxy.conf", tmp_path / "proxy.env"
    paths = {"reboot_program_proxy_unit": str(unit), "reboot_program_proxy_file": str(environment)}
    (tmp_path / "no_proxy").write_text("localhost,10.0.0.0/24")
    given = {
        "proxy": {"http": "http://proxy:3128", "https": "http://proxy:3128", "no_proxy": []},
        "proxy_with_login": {"http": "http://me:pass@proxy:3128", "https": "http://me:pass@proxy:3128"},
        "site_folder": str(tmp_path),
    }
    never, first, again = run_role(tmp_path, "reboot_program/configure_proxy", paths, {}, given, given)
    assert [each.changed for each in (never, first, again)] == [False, True, False]
    assert "me:pass" not in first.said
    assert environment.stat().st_mode & 0o777 == 0o600
    lines = dict(line.split("=", 1) for line in environment.read_text().splitlines() if not line.startswith("#"))
    assert lines == {
        "HTTP_PROXY": '"http://me:pass@proxy:3128"',
        "HTTPS_PROXY": '"http://me:pass@proxy:3128"',
        "NO_PROXY": '"localhost,10.0.0.0/24"',
    }
    parsed = configparser.RawConfigParser()
    parsed.read(unit)
    assert parsed["Service"]["EnvironmentFile"] == str(environment)

    gone, stays_gone = run_role(tmp_path, "reboot_program/configure_proxy", paths, {}, {})
    assert [each.changed for each in (gone, stays_gone)] == [True, False]
    assert not unit.exists()
    assert not environment.exists()
