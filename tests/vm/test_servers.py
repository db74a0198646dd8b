"""The life of a virtual machine, as an API client and somebody who is logged in to it see it."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.compute import host
from localcloud.control import process
from localcloud.virtual import folders, machines
from tests.engine.cloud.test_control_plane import run_cloud
from tests.engine.cloud_fixtures import Cloud
from tests.engine.node_fixtures import Login, Made, address, image_of
from tests.vm.boots import BOOT_ID, wait_for_other_boot

#: Seconds for a server's own shutdown, which comes before it is killed.
SLOW = 180


def active(user: Connection, server: Any, status: str = "ACTIVE") -> Any:
    """A server that has come to a status, however slow it is."""
    return user.compute.wait_for_server(server, status=status, wait=SLOW, interval=0.3)


def other_boot(login: Login, server: Any, before: str) -> None:
    """Wait until a server runs another boot than before."""
    wait_for_other_boot(login, address(server), before)


def test_nova_outlives_servers_that_are_deleted_at_once(cloud: Cloud, made: Made) -> None:
    before = process.recorded(cloud.layout, "nova")
    for each in [made.start(f"at-once-{number}") for number in range(3)]:
        made.ready(each)
    made.remove()
    assert before is not None
    assert before.alive
    assert [found.name for found in machines.running(cloud.layout.root)] == []
    assert process.recorded(cloud.layout, "nova") == before


def test_a_machine_has_a_kernel_and_a_boot_loader_of_its_own(machine: Any, login: Login) -> None:
    at = address(machine)
    assert login.wait(at, "uname -r") != platform.release()
    assert login.wait(at, "systemd-detect-virt") in ("qemu", "kvm")
    assert login.wait(at, "systemctl --failed --no-legend --plain") == ""
    assert login.wait(at, "hostname") == machine.name
    assert "root=LABEL=root" in login.wait(at, "cat /proc/cmdline")
    assert login.run(at, "test -d /sys/firmware/efi").returncode == 1


def test_its_root_has_grown_to_its_flavor_s_disk(user: Connection, machine: Any, login: Login) -> None:
    disk = user.compute.find_flavor(machine.flavor.name, ignore_missing=False).disk
    assert disk - 1 <= int(login.wait(address(machine), "df -BG --output=size / | tail -1").strip(" G")) <= disk


def test_it_has_a_config_drive(machine: Any, login: Login) -> None:
    read = "mount -o ro LABEL=config-2 /mnt && cat /mnt/openstack/latest/meta_data.json; umount /mnt"
    assert machine.id in login.wait(address(machine), read)


def test_its_kernel_confines_memory_and_only_that_of_the_one_who_takes_too_much(machine: Any, login: Login) -> None:
    at = address(machine)
    login.wait(at, "systemd-run --quiet --unit=neighbour -p MemoryMax=150M sleep 600")
    hungry = "systemd-run --quiet --wait -p MemoryMax=50M -p MemorySwapMax=0 python3 -c 'bytearray(200 << 20)'"
    assert login.run(at, hungry).returncode != 0
    assert "oom" in login.wait(at, "journalctl --boot --dmesg --grep 'oom|Out of memory' --quiet | tr A-Z a-z")
    assert login.wait(at, "systemctl is-active neighbour; systemctl stop neighbour") == "active"


def test_the_console_shows_the_boot_and_the_host_keys(cloud: Cloud, user: Connection, machine: Any) -> None:
    output: Any = user.compute.get_server_console_output(machine)
    assert "SSH HOST KEY FINGERPRINTS" in output["output"]
    nova = process.recorded(cloud.layout, "nova")
    assert nova is not None
    terminal = Path(f"/proc/{nova.pid}/stat").read_text().rpartition(")")[2].split()[4]
    assert terminal == "0", "nova has taken the console's terminal, and ends with the machine"


def soft(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    user.compute.reboot_server(server, "SOFT")


def hard(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    user.compute.reboot_server(server, "HARD")


def by_itself(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    login.run(address(server), "systemctl reboot")


def off_and_on(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    user.compute.stop_server(server)
    active(user, server, "SHUTOFF")
    user.compute.start_server(server)


@pytest.mark.parametrize("again", [soft, hard, by_itself, off_and_on])
def test_a_boot_keeps_the_disk(
    user: Connection, machine: Any, login: Login, again: Callable[[Connection, Login, Any], None]
) -> None:
    before = login.wait(address(machine), f"echo {again.__name__} >/etc/kept; sync; {BOOT_ID}")
    again(user, login, machine)
    other_boot(login, machine, before)
    active(user, machine)
    assert login.wait(address(machine), "cat /etc/kept") == again.__name__


def test_rebuild_keeps_ports_and_addresses_and_nothing_of_the_disk(
    user: Connection, machine: Any, login: Login
) -> None:
    before = login.wait(address(machine), f"echo old >/etc/kept; sync; {BOOT_ID}")
    ports = sorted(port.id for port in user.network.ports(device_id=machine.id))
    user.compute.rebuild_server(machine, image=machine.image.id)
    other_boot(login, machine, before)
    rebuilt = active(user, machine)
    login.settled(address(machine))
    assert login.run(address(machine), "cat /etc/kept").returncode == 1
    assert rebuilt.addresses == machine.addresses
    assert sorted(port.id for port in user.network.ports(device_id=machine.id)) == ports


def test_a_resize_gives_it_another_machine(user: Connection, machine: Any, login: Login) -> None:
    before = login.wait(address(machine), BOOT_ID)
    flavor: Any = user.compute.find_flavor("slurm.medium", ignore_missing=False)
    user.compute.resize_server(machine, flavor.id)
    active(user, machine, "VERIFY_RESIZE")
    user.compute.confirm_server_resize(machine)
    other_boot(login, machine, before)
    assert login.wait(address(machine), "nproc") == "2"
    assert int(login.wait(address(machine), "free -m | awk '/Mem:/ {print $2}'")) > 800


def test_an_image_of_it_boots_by_uefi_as_another_server(
    user: Connection, machine: Any, made: Made, login: Login
) -> None:
    login.wait(address(machine), "echo mine >/etc/marker; sync")
    with image_of(user, machine, "of-machine") as image:
        assert image.disk_format == "qcow2"
        user.image.update_image(image.id, hw_firmware_type="uefi")
        server = made.make("by-uefi", image_id=image.id, flavor_id=flavor_of(user, "slurm.medium"))
        login.settled(address(server))
        assert login.wait(address(server), "cat /etc/marker; hostname; ls -d /sys/firmware/efi") == (
            "mine\nby-uefi\n/sys/firmware/efi"
        )
        own = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub"
        assert login.wait(address(server), own) != login.wait(address(machine), own)
        made.remove()


def flavor_of(user: Connection, name: str) -> str:
    return str(user.compute.find_flavor(name, ignore_missing=False).id)


def test_servers_survive_down_and_up_and_nothing_else_does(
    cloud: Cloud, user: Connection, machine: Any, login: Login
) -> None:
    before = login.wait(address(machine), f"echo kept >/etc/kept; {BOOT_ID}")
    done = run_cloud(cloud, "down")
    assert done.returncode == 0, done.stderr
    assert list(process.marked(cloud.layout.root)) == []
    assert machines.running(cloud.layout.root) == []
    assert folders.linked(cloud.layout.libvirt) == []
    assert host.leftovers(cloud.layout.service_state("host")) == []
    assert run_cloud(cloud, "status").returncode == 3
    done = run_cloud(cloud, "up")
    assert done.returncode == 0, done.stderr
    other_boot(login, machine, before)
    active(user, machine)
    assert login.wait(address(machine), "cat /etc/kept") == "kept"
