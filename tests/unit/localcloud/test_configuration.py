import configparser
import stat
from pathlib import Path

import pytest

from localcloud.control import manila
from localcloud.control.configuration import configuration, render, write_configuration, write_keys
from localcloud.endpoints import ADDRESS, CINDER, ENDPOINTS, GLANCE
from localcloud.host.layout import CloudLayout
from mirror.options import Options

PASSWORDS = {endpoint.name: f"secret-of-{endpoint.name}" for endpoint in ENDPOINTS}


@pytest.fixture
def layout(tmp_path: Path) -> CloudLayout:
    made = CloudLayout(tmp_path / "cloud")
    made.make_folders()
    return made


def test_a_dollar_is_no_reference() -> None:
    assert render({"DEFAULT": {"password": "a$b"}}) == "[DEFAULT]\npassword = a$$b\n"


def test_sections_are_apart() -> None:
    text = render({"DEFAULT": {"a": "1"}, "database": {"b": "2"}})
    assert text.splitlines() == ["[DEFAULT]", "a = 1", "", "[database]", "b = 2"]


def test_every_service_that_checks_tokens_has_a_service_type(layout: CloudLayout) -> None:
    # Without it access rules of application credentials match nothing.
    files = configuration(layout, PASSWORDS, Path("/venv"))
    kinds = {
        name: sections["keystone_authtoken"]["service_type"]
        for name, sections in files.items()
        if "keystone_authtoken" in sections
    }
    assert kinds == {
        "glance-api.conf": "image",
        "placement.conf": "placement",
        "nova.conf": "compute",
        "neutron.conf": "network",
        "cinder.conf": CINDER.kind,
    }


def test_each_service_uses_its_own_user(layout: CloudLayout) -> None:
    for name, sections in configuration(layout, PASSWORDS, Path("/venv")).items():
        check = sections.get("keystone_authtoken")
        if check:
            assert check["password"] == f"secret-of-{check['username']}", name


def test_no_service_needs_a_password_for_the_database(layout: CloudLayout) -> None:
    nova = configuration(layout, PASSWORDS, Path("/venv"))["nova.conf"]
    socket = layout.database_socket
    for section in ("database", "api_database"):
        assert nova[section]["connection"].startswith("mysql+pymysql://root@localhost/nova")
        assert f"unix_socket={socket}&" in nova[section]["connection"]


def test_drivers_are_told_the_same_on_all_three_services(layout: CloudLayout) -> None:
    files = configuration(layout, PASSWORDS, Path("/venv"))
    one, two, three = (files[name]["localcloud"] for name in ("nova.conf", "neutron.conf", "cinder.conf"))
    assert one == two == three
    assert one["api_address"] == ADDRESS
    ports = one["api_ports"].split(",")
    assert str(GLANCE.port) in ports
    assert str(Options.port) in ports, "servers reach a site's mirror where it serves unless told otherwise"


def test_files_are_readable_by_their_owner_alone(layout: CloudLayout) -> None:
    write_configuration(layout, PASSWORDS, Path("/venv"))
    files = list(layout.etc.iterdir())
    assert {file.name for file in files} >= {"nova.conf", "keystone.conf"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(layout.etc.stat().st_mode) == 0o700
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read(layout.etc / "nova.conf")
    assert parsed["placement"]["password"] == "secret-of-nova"


def test_keys_are_made_once_and_differ(layout: CloudLayout) -> None:
    write_keys(layout)
    before = {key: key.read_text() for key in layout.keys.rglob("*") if key.is_file()}
    write_keys(layout)
    assert before == {key: key.read_text() for key in layout.keys.rglob("*") if key.is_file()}
    assert len(set(before.values())) == len(before) == 6


def test_manila_has_its_own_database_user_and_backend(layout: CloudLayout) -> None:
    sections = manila.configuration(layout, "secret", Path("/venv"))
    check = sections["keystone_authtoken"]
    user = sections[check["auth_section"]]
    assert (user["username"], user["password"], check["service_type"]) == ("manila", "secret", "shared-file-system")
    # The share service registers an option of this name there, and the middleware would do so again.
    assert "auth_url" in user
    assert "auth_url" not in check
    assert "/manila?" in sections["database"]["connection"]
    assert sections[sections["DEFAULT"]["enabled_share_backends"]]["share_driver"].startswith("localcloud.share.")
    assert sections["DEFAULT"]["api_paste_config"] == "/venv/etc/manila/api-paste.ini"


def test_a_cloud_has_manila_from_when_it_was_asked_for(layout: CloudLayout) -> None:
    assert not manila.is_wanted(layout)
    manila.want(layout)
    assert manila.is_wanted(layout)
