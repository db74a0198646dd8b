"""What a server finds that its image did not bring."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.compute import guest_files, nspawn
from tests.unit.localcloud.compute.test_server_facts import DISK, FACTS, NIC


def generate(tmp_path: Path, fstab: str) -> Path:
    """Run the generator as systemd does, with another fstab, and return the folder that it wrote to."""
    (tmp_path / "fstab").write_text(fstab)
    program = tmp_path / "generator"
    program.write_text(guest_files.GENERATOR.replace("/etc/fstab", str(tmp_path / "fstab")))
    folder = tmp_path / "normal"
    folder.mkdir()
    subprocess.run(["sh", str(program), str(folder), str(folder), str(folder)], check=True)
    return folder


@pytest.mark.parametrize(
    ("line", "mounted"),
    [
        ("LABEL=state /var/lib/state auto defaults,nofail,_netdev 0 2", True),
        ("/dev/vdb /data ext4 defaults 0 0", True),
        ("UUID=12 /data xfs defaults 0 0", True),
        ("/dev/vdb /data ext4 noauto,defaults 0 0", False),
        ("LABEL=root / ext4 defaults 0 1", False),
        ("/dev/vdb none swap sw 0 0", False),
        ("server:/export /nfs nfs defaults 0 0", False),
        ("# /dev/vdb /data ext4 defaults 0 0", False),
        ("", False),
    ],
)
def test_block_devices_of_fstab_are_mounted(tmp_path: Path, line: str, mounted: bool) -> None:
    folder = generate(tmp_path, f"{line}\n")
    assert (folder / "fstab-devices.service").exists() is mounted
    assert (folder / "local-fs.target.wants/fstab-devices.service").exists() is mounted
    if mounted:
        assert "Before=local-fs.target" in (folder / "fstab-devices.service").read_text()


def test_run_files_follow_ports_and_disks(tmp_path: Path) -> None:
    two = replace(FACTS, nics=(NIC, replace(NIC, port_id="port-2", device="eth1")))
    guest_files.write_run_files(two, tmp_path, {})
    network = tmp_path / guest_files.NETWORK
    assert sorted(file.name for file in network.iterdir()) == ["05-eth0.network", "05-eth1.network"]
    assert "Gateway=10.1.0.1" in (network / "05-eth0.network").read_text()
    assert "Gateway" not in (network / "05-eth1.network").read_text()
    link = tmp_path / guest_files.DISK / "by-id" / DISK.by_id
    assert str(link.readlink()) == "../../vdb"

    guest_files.write_run_files(replace(FACTS, disks=()), tmp_path, {})
    assert [file.name for file in network.iterdir()] == ["05-eth0.network"]
    assert not link.is_symlink()


def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    return folder


def test_a_new_root_has_no_machine_id_and_the_subnets_name_servers(tmp_path: Path) -> None:
    folder = root(tmp_path)
    (folder / "etc/machine-id").write_text("0123\n")
    subnet = replace(NIC.subnets[0], dns=("10.1.0.2", "10.1.0.3"))
    guest_files.prepare_root(replace(FACTS, nics=(replace(NIC, subnets=(subnet,)),)), folder)
    assert (folder / "etc/machine-id").read_text() == ""
    assert (folder / "etc/resolv.conf").read_text() == "nameserver 10.1.0.2\nnameserver 10.1.0.3\n"


def test_systemd_resolved_keeps_its_link(tmp_path: Path) -> None:
    folder = root(tmp_path)
    (folder / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    guest_files.prepare_root(FACTS, folder)
    assert (folder / "etc/resolv.conf").is_symlink()


def test_links_of_an_image_do_not_lead_out_of_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    folder = root(tmp_path)
    (folder / "etc/machine-id").symlink_to(outside)
    guest_files.prepare_root(FACTS, folder)
    assert outside.read_text() == "untouched"
    (folder / "etc/machine-id").unlink()
    (folder / "etc/resolv.conf").unlink()
    (folder / "etc").rmdir()
    (folder / "etc").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError):
        guest_files.prepare_root(FACTS, folder)
    assert not (tmp_path / "machine-id").exists()


def test_the_command_line_boots_with_the_server_s_identity_and_disks() -> None:
    words = nspawn.arguments(FACTS, Path("/s"), "http://169.254.169.254", {"/dev/vdb": "/dev/loop4"})
    assert {"--boot", "--directory=/s/root", "--uuid=uuid-1", "--hostname=n1"} <= set(words)
    assert {"--bind=/dev/loop4:/dev/vdb", "--bind=/dev/loop4"} <= set(words)
    assert "\n" not in "".join(words)  # The supervisor reads one word a line.


def test_cloud_init_finds_its_datasource_on_the_command_line() -> None:
    line = " ".join(nspawn.kernel_command_line("http://169.254.169.254"))
    # As cloud-init reads it: from cc: to end_cc, with \n for a line break.
    settings = line[line.index("cc:") + 3 : line.index("end_cc")].strip().replace("\\n", "\n").splitlines()
    assert settings[0] == "datasource_list: [OpenStack, None]"
    assert "metadata_urls: ['http://169.254.169.254']" in settings[1]
    assert "network-config=disabled" in line.split()
