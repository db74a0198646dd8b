"""Full and extra images on a cloud whose servers boot: what is in them, what is not, and what they do."""

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import PackageSources
from tests.engine.cloud_fixtures import IMAGE, SYSTEM, Cloud
from tests.engine.node_fixtures import Login, Made
from tests.lifecycle.image_fixtures import FAT, SLURM, BuildSite, fits_any_disk

#: Programs that each group promises.
PROGRAMS = {
    "control": ["slurmctld", "slurmdbd", "mariadbd", "prometheus", "ganesha.nfsd", "exportfs"],
    "login": ["srun", "sinfo", "mpirun", "nfs-cat"],
    "compute": ["slurmd", "munged", "mount.nfs"],
    "all": ["ansible-playbook", "chronyd", "prometheus-node-exporter"],
}
#: Units that wait for site.yml.
WAITING = [
    "slurmctld", "slurmdbd", "slurmd", "munge", "mariadb", "nfs-server", "nfs-ganesha", "prometheus",
    "prometheus-node-exporter", "rpcbind",
]  # fmt: skip


@pytest.fixture(scope="module")
def tree(fat_image: GlanceImage, user: Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full image's files."""
    return unpacked(user, fat_image.id, tmp_path_factory.mktemp("image"))


def unpacked(user: Connection, image: str, folder: Path) -> Path:
    """The files of an image: on the local cloud its bytes are an archive."""
    archive = folder / "image"
    user.image.download_image(image, output=str(archive), stream=True)
    root = folder / "root"
    root.mkdir()
    subprocess.run(["tar", "--extract", "--zstd", "--file", archive, "--directory", root], check=True)
    archive.unlink()
    return root


def test_nothing_of_the_build_is_left(tree: Path, cloud: Cloud) -> None:
    assert list((tree / "etc" / "ssh").glob("ssh_host_*")) == []
    assert list(tree.glob("**/authorized_keys")) == []
    assert (tree / "etc" / "machine-id").read_bytes() == b""
    for gone in (
        "etc/munge/munge.key",
        "var/lib/ansible-init",
        "var/lib/mysql",
        "var/lib/systemd/random-seed",
        "usr/sbin/policy-rc.d",
        "etc/apt/apt.conf.d/99image-build",
        "etc/apt/apt.conf.d/99site-proxy",
        "var/lib/cloud/instance",
        "root/.ansible",
        "home/debian/.ansible",
        "home/debian/.ssh",
        "home/debian/.bash_history",
    ):
        assert not (tree / gone).exists(), gone
    for folder in ("tmp", "var/tmp", "var/lib/apt/lists", "var/cache/apt/archives"):
        left = [path.name for path in (tree / folder).iterdir() if path.is_file()]
        assert [name for name in left if name != "lock"] == [], folder
    assert list((tree / "var" / "lib" / "cloud").glob("instances/*")) == []
    logs = [path for path in (tree / "var" / "log").rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in logs if path.stat().st_size and path.name not in {"wtmp", "lastlog"}] == []
    address = cloud.package_proxy.encode()
    etc = [path for path in (tree / "etc").rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in etc if address in path.read_bytes()] == []


def test_the_distributions_repositories_are_back(tree: Path) -> None:
    lines = (tree / "etc" / "apt" / "sources.list").read_text() if (tree / "etc/apt/sources.list").exists() else ""
    lines += "".join(path.read_text() for path in (tree / "etc" / "apt" / "sources.list.d").iterdir())
    assert SYSTEM.suite in lines
    assert not (tree / "var" / "lib" / "image" / "distribution-repositories").exists()


def test_each_group_has_what_it_promises(tree: Path) -> None:
    folders = ("usr/bin", "usr/sbin", "sbin", "bin")
    missing = [
        f"{group}: {program}"
        for group, programs in PROGRAMS.items()
        for program in programs
        if not any((tree / folder / program).is_symlink() or (tree / folder / program).exists() for folder in folders)
    ]
    assert missing == []
    passwd = dict(line.split(":")[:3:2] for line in (tree / "etc" / "passwd").read_text().splitlines())
    assert {name: passwd[name] for name in ("slurm", "munge", "mysql", "prometheus")} == {
        "slurm": "202",
        "munge": "203",
        "mysql": "204",
        "prometheus": "205",
    }


def test_what_needs_configuration_waits_for_it(tree: Path) -> None:
    wants = {path.name.split(".")[0] for path in (tree / "etc" / "systemd" / "system").glob("*.wants/*")}
    assert wants & set(WAITING) == set()
    assert {"ansible-init", "ansible-init-retry"} <= wants


def test_the_record_in_the_image_is_the_one_that_travels_with_it(tree: Path, fat_image: GlanceImage) -> None:
    record = json.loads((tree / "var" / "lib" / "image" / "image.json").read_text())
    assert set(record) == {
        "base", "build", "commit", "digest", "groups", "kernel", "name", "os", "selinux", "slurm", "snapshot",
    }  # fmt: skip
    assert record["groups"] == list(FAT)
    assert record["os"].startswith(f"Debian {SYSTEM.version}")
    assert record["slurm"].startswith(SLURM[SYSTEM.version])
    travelling = ImageRecord.of_image(fat_image)
    packages = (tree / "var" / "lib" / "image" / "packages.txt").read_text().splitlines()
    assert sorted(f"{name} {version}" for name, version in travelling.packages.items()) == sorted(packages)
    assert travelling.source_packages()["munge"][0] == "munge"
    assert travelling.source_packages()["slurmd"][0] == "slurm-wlm"
    assert travelling.accounts.text().splitlines() == sorted(
        (tree / "var" / "lib" / "image" / "accounts.txt").read_text().splitlines(),
        key=lambda line: (line.startswith("group"), line.split()[1]),
    )
    assert travelling.accounts.users["slurm"] > 0
    assert travelling.facts["build"] == record["build"]
    assert fat_image.properties["hw_machine_type"] == "q35"
    assert fat_image.properties["os_admin_user"] == "debian"


@pytest.fixture(scope="module")
def site_key() -> str:
    return "slurm_test"


def read_result(login: Login, address: str) -> dict[str, Any]:
    """ansible-init's result on a server."""
    found: dict[str, Any] = json.loads(login.wait(address, "cat /var/lib/ansible-init/result.json"))
    return found


def address_of(server: Any) -> str:
    """The only address of a server."""
    return str(next(iter(server.addresses.values()))[0]["addr"])


def test_a_server_of_the_image_boots_and_ansible_init_runs_once(
    fat_image: GlanceImage, user: Connection, made: Made, login: Login
) -> None:
    server = made.make("image-1", image_id=fat_image.id)
    address = address_of(server)
    login.settled(address)
    first = read_result(login, address)
    assert first["status"] == "done", first
    assert [step["playbook"] for step in first["steps"]] == ["05-gateway.yml"]
    assert first["instance_id"] == server.id
    assert first["image_build"] == fat_image.ours_property("build")
    assert login.wait(address, "ls /etc/ssh/ssh_host_ed25519_key; wc -c < /etc/machine-id").endswith("33")
    failed = login.wait(address, "systemctl --failed --plain --no-legend || true").splitlines()
    # This machine's kernel may have no NFS, and its servers cannot load any.
    without_nfs = "rpc_pipefs" not in Path("/proc/filesystems").read_text()
    assert [line for line in failed if not (without_nfs and line.startswith("run-rpc_pipefs.mount "))] == []

    user.compute.reboot_server(server.id, "SOFT")
    login.wait_for_boot(address, time.monotonic())
    login.settled(address)
    assert read_result(login, address) == first
    assert "leave: already done" in login.wait(address, "journalctl --boot --unit ansible-init --output cat")

    user.compute.rebuild_server(server.id, image=fat_image.id)
    made.ready(server)
    login.settled(address)
    third = read_result(login, address)
    assert third["status"] == "done"
    assert third["started"] > first["ended"]


def test_a_second_build_of_the_same_content_is_none(fat_image: GlanceImage, build_site: BuildSite) -> None:
    outcome = build_site.image(build_site.description(IMAGE, FAT))
    assert outcome["image_id"] == fat_image.id
    assert not outcome["built"]


def test_an_extra_image_adds_to_the_full_one(
    fat_image: GlanceImage, build_site: BuildSite, made: Made, login: Login, user: Connection, tmp_path: Path
) -> None:
    build = build_site.description(fat_image.name, ("dev",), extra_packages=("tree",))
    outcome = build_site.image(build)
    assert outcome["built"]
    # Skipped in the build server, which is a server of the full image: the build's log has its words.
    log = Path(outcome["log"]).read_text()
    assert "ansible-init: skip: metadata ansible_init_disable=true" in log
    server = made.make("image-2", image_id=fits_any_disk(user, outcome["image_id"]).id)
    address = address_of(server)
    login.settled(address)
    assert read_result(login, address)["status"] == "done"
    assert login.wait(address, "bash -lc 'module --terse avail 2>&1'").count("openmpi/") == 1
    program = "cd /tmp && printf 'int main(void) { return 0; }' > a.c"
    login.wait(address, f"{program} && bash -lc 'module load openmpi && $MPICC a.c && ./a.out'")
    assert "tree" in login.wait(address, "command -v tree slurmd")
    record = json.loads(login.wait(address, "cat /var/lib/image/image.json"))
    assert record["base"] == fat_image.name
    assert record["groups"] == ["dev", "extra_packages"]
    extra = unpacked(user, outcome["image_id"], tmp_path)
    assert list((extra / "etc" / "ssh").glob("ssh_host_*")) == []
    assert not (extra / "var" / "lib" / "ansible-init").exists()


def test_no_repository_is_left_where_the_site_wants_none(
    build_site: BuildSite, user: Connection, tmp_path: Path
) -> None:
    sources = PackageSources(proxy=build_site.cloud.package_proxy, keep_distribution=False)
    outcome = build_site.image(replace(build_site.description(IMAGE, ()), sources=sources))
    root = unpacked(user, outcome["image_id"], tmp_path)
    assert not (root / "etc" / "apt" / "sources.list").exists()
    assert list((root / "etc" / "apt" / "sources.list.d").iterdir()) == []
    assert list((root / "var" / "lib" / "image" / "distribution-repositories").iterdir())
