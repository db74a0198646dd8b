"""What a cloud's servers are, and what follows from it."""

from pathlib import Path

import pytest

from localcloud.control import nova_servers
from localcloud.control.configuration import configuration
from localcloud.control.server_record import decide, recorded
from localcloud.endpoints import ENDPOINTS
from localcloud.errors import MachineError
from localcloud.host import debian
from localcloud.host.layout import CloudLayout
from localcloud.host.server_kind import ServerKind

CONTAINER, VM = ServerKind.CONTAINER, ServerKind.VM
PASSWORDS = dict.fromkeys((endpoint.name for endpoint in ENDPOINTS), "secret")


@pytest.fixture
def layout(tmp_path: Path) -> CloudLayout:
    return CloudLayout(tmp_path / "cloud")


def test_servers_are_containers_unless_somebody_says_otherwise(layout: CloudLayout) -> None:
    assert recorded(layout) is CONTAINER
    assert decide(layout, None) is CONTAINER


def test_a_cloud_keeps_its_kind(layout: CloudLayout) -> None:
    assert decide(layout, VM) is VM
    layout.database.mkdir()
    assert decide(layout, None) is VM
    assert decide(layout, VM) is VM
    with pytest.raises(MachineError):
        decide(layout, CONTAINER)
    assert recorded(layout) is VM


def test_a_cloud_that_was_never_up_may_change_its_kind(layout: CloudLayout) -> None:
    decide(layout, VM)
    assert decide(layout, CONTAINER) is CONTAINER


def test_a_cloud_of_an_older_release_has_containers(layout: CloudLayout) -> None:
    layout.database.mkdir(parents=True)
    assert decide(layout, None) is CONTAINER
    with pytest.raises(MachineError):
        decide(layout, VM)


def test_each_kind_needs_its_own_packages() -> None:
    names = {kind: {package.name for package in debian.packages(kind)} for kind in ServerKind}
    assert names[CONTAINER] - names[VM] == {"systemd-container"}
    assert {"libvirt-daemon", "qemu-system-x86", "python3-libvirt"} <= names[VM] - names[CONTAINER]


def test_a_package_without_programs_is_known_by_a_file(tmp_path: Path) -> None:
    package = debian.Package("some", str(tmp_path / "file"), "a test")
    assert debian.missing([package]) == [package]
    (tmp_path / "file").touch()
    assert debian.missing([package]) == []


@pytest.mark.parametrize(
    ("options", "driver", "kind"),
    [
        (nova_servers.CONTAINERS, "localcloud.NspawnDriver", None),
        (nova_servers.machines(accelerated=False), "localcloud.VmDriver", "qemu"),
        (nova_servers.machines(accelerated=True), "localcloud.VmDriver", "kvm"),
    ],
)
def test_nova_is_told_what_servers_are(
    layout: CloudLayout, options: nova_servers.ServerOptions, driver: str, kind: str | None
) -> None:
    files = configuration(layout, PASSWORDS, Path("/venv"), options)
    assert files["nova.conf"]["DEFAULT"]["compute_driver"] == driver
    assert files["nova.conf"]["DEFAULT"]["host"] == "localcloud"
    assert files["nova.conf"].get("libvirt", {}).get("virt_type") == kind
    assert files["cinder.conf"]["localcloud"]["servers"] == options.kind
