"""What is kept of a server, and how Nova's words become it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.compute import instance
from localcloud.compute.address_book import AddressBook
from localcloud.compute.cgroups import Limits
from localcloud.compute.server_facts import Disk, HostedServerFacts, load_all, next_device
from localcloud.host.places import CloudPlaces
from localcloud.network.nic import Nic, NicSubnet

NIC = Nic("port-1", "net-1", "fa:16:3e:00:00:01", "eth0", 1500, (NicSubnet("10.1.0.0/24", "10.1.0.1", ("10.1.0.5",)),))
DISK = Disk("0123456789abcdef0123456789", "/volumes/v", "/dev/vdb")
FACTS = HostedServerFacts("uuid-1", "instance-1", "n1", "project-1", "image-1", Limits(512, 1), (NIC,), (DISK,))


def saved(places: CloudPlaces, facts: HostedServerFacts) -> HostedServerFacts:
    folder = places.servers / facts.uuid
    folder.mkdir(parents=True)
    facts.save(folder)
    return facts


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    places = CloudPlaces(tmp_path)
    saved(places, FACTS)
    (places.servers / "half-made").mkdir()
    assert load_all(places.servers) == [FACTS]
    assert load_all(tmp_path / "nothing") == []


def test_changes_make_new_facts() -> None:
    other = Disk("fedcba", "/volumes/w", "/dev/vdc")
    assert FACTS.with_disk(other).disks == (DISK, other)
    assert FACTS.with_disk(Disk(DISK.volume_id, "/new", "/dev/vdb")).disks[0].file == "/new"
    assert FACTS.without_disk(DISK.volume_id).disks == ()
    assert FACTS.with_nic(NIC).nics == (NIC,)
    assert FACTS.without_nic("port-1").nics == ()
    assert FACTS.root_disk is None


def test_a_disk_is_found_by_the_first_20_characters_of_its_id() -> None:
    assert DISK.by_id == "virtio-0123456789abcdef0123"


@pytest.mark.parametrize(
    ("used", "device"),
    [([], "/dev/vdb"), (["/dev/vda", "/dev/vdb"], "/dev/vdc"), (["/dev/vda", "/dev/vdc"], "/dev/vdb")],
)
def test_the_next_free_device_is_taken(used: list[str], device: str) -> None:
    assert next_device(used) == device


def test_there_are_only_so_many_devices() -> None:
    with pytest.raises(ValueError, match="25"):
        next_device([f"/dev/vd{letter}" for letter in "bcdefghijklmnopqrstuvwxyz"])


def vif(port: str, address: str = "10.1.0.5") -> dict[str, Any]:
    subnet = {"cidr": "10.1.0.0/24", "gateway": {"address": "10.1.0.1"}, "ips": [{"address": address}], "dns": []}
    return {"id": port, "address": "fa:16:3e:00:00:01", "network": {"id": "net-1", "subnets": [subnet], "meta": {}}}


def nova_instance(**changes: Any) -> Any:
    values = {
        "uuid": "uuid-1",
        "name": "instance-1",
        "hostname": "n1",
        "project_id": "project-1",
        "image_ref": "image-1",
        "root_device_name": "/dev/vda",
        "flavor": SimpleNamespace(memory_mb=512, vcpus=1),
    }
    return SimpleNamespace(**{**values, **changes})


def mapping(volume: str, device: str, boot_index: int | None = None) -> dict[str, Any]:
    connection = {"data": {"device_path": f"/volumes/{volume}"}, "serial": volume}
    return {"connection_info": connection, "mount_device": device, "boot_index": boot_index}


def test_ports_keep_the_names_that_they_have_in_the_server() -> None:
    first = instance.nics_of([vif("a"), vif("b")], ())
    assert [nic.device for nic in first] == ["eth0", "eth1"]
    second = instance.nics_of([vif("b"), vif("c")], first)
    assert [(nic.port_id, nic.device) for nic in second] == [("b", "eth1"), ("c", "eth0")]


def test_a_server_from_an_image() -> None:
    info = {"block_device_mapping": [mapping("v", "/dev/vdb"), {"connection_info": None, "mount_device": None}]}
    facts = instance.server_facts(nova_instance(), [vif("a")], info, None)
    assert (facts.image, facts.limits) == ("image-1", Limits(512, 1))
    assert facts.disks == (Disk("v", "/volumes/v", "/dev/vdb"),)
    assert facts.root_disk is None


@pytest.mark.parametrize("root", [mapping("v", "/dev/vda"), mapping("v", "/dev/vdx", 0)])
def test_a_server_from_a_volume_has_no_image(root: dict[str, Any]) -> None:
    facts = instance.server_facts(nova_instance(image_ref=""), [], {"block_device_mapping": [root]}, None)
    assert facts.image == ""
    assert facts.root_disk is not None


def test_what_nova_does_not_say_stays() -> None:
    facts = instance.server_facts(nova_instance(), None, None, FACTS)
    assert (facts.nics, facts.disks) == ((NIC,), (DISK,))


def test_another_image_means_a_new_root() -> None:
    now = instance.server_facts(nova_instance(image_ref="image-2"), None, None, FACTS)
    assert instance.renewed(FACTS, now)
    assert not instance.renewed(FACTS, FACTS)
    assert not instance.renewed(None, now)


def test_devices_without_a_name_get_the_next_free_one() -> None:
    saved_names: list[str] = []

    class Device(SimpleNamespace):
        def save(self) -> None:
            saved_names.append(self.device_name)

    devices = [
        Device(device_name=None, boot_index=0),
        Device(device_name="/dev/vdb", boot_index=-1),
        Device(device_name=None, boot_index=-1),
    ]
    instance.name_devices("/dev/vda", devices)
    assert [device.device_name for device in devices] == ["/dev/vda", "/dev/vdb", "/dev/vdc"]
    assert saved_names == ["/dev/vda", "/dev/vdc"]


def test_who_asks_is_known_by_the_address_of_a_plugged_port(tmp_path: Path) -> None:
    places, unplugged = CloudPlaces(tmp_path), set[str]()
    book = AddressBook(places, plugged=lambda device: device not in unplugged)
    assert book.find("10.1.0.5") is None
    saved(places, FACTS)
    assert book.find("10.1.0.5") == FACTS
    # Another server has the same address in another network; the first one's port is unplugged.
    other = replace(FACTS, uuid="uuid-2", nics=(replace(NIC, port_id="port-2"),))
    saved(places, other)
    unplugged.add(NIC.host_end)
    assert book.find("10.1.0.5") == other
    # The address goes away: what was known is not believed.
    other.without_nic("port-2").save(places.servers / "uuid-2")
    assert book.find("10.1.0.5") is None
    assert book.find("10.1.0.6") is None
