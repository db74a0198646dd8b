"""Images of the stand-in for Rocky Linux 9: every task for dnf, from a mirror and from its own repositories."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import base, systems
from localcloud.image.standin.plan import REPOSITORIES, UPDATED
from slurm_appliance.cluster_check.judge import CheckVerdict
from slurm_appliance.cluster_check.run import check_cluster
from slurm_appliance.image import images
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import ImageBuild, Machine, PackageRepository, PackageSources, Ssh
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.engine.node_fixtures import Login, Made, address
from tests.lifecycle.cluster.live import Live, running
from tests.lifecycle.image_fixtures import FAT, BuildSite, fits_any_disk
from tests.lifecycle.rpm_server import served
from tests.lifecycle.test_image_build import unpacked
from toolchain.ensure import Toolchain

STAND_IN = systems.system("rocky-9-stand-in")
USER, PASSWORD = "builder", "the-password-of-the-mirror"
#: Without the kernel's NFS, the servers of the local cloud need it.
GANESHA = ("nfs-ganesha", "nfs-ganesha-vfs")
#: What waits for site.yml.
WAITING = (
    "mariadb", "munge", "nfs-server", "prometheus", "prometheus-node-exporter", "rpcbind", "slurmctld",
    "slurmd", "slurmdbd",
)  # fmt: skip


@pytest.fixture(scope="module")
def repositories(cloud: Cloud) -> Path:
    """The stand-in in Glance, and its packages."""
    lifecycle.add_image(cloud.layout, STAND_IN, Steps(say))
    made = base.make(STAND_IN, Steps(say)).repositories
    assert made is not None
    return made


def described(site: BuildSite, groups: tuple[str, ...], sources: PackageSources, *extra: str) -> ImageBuild:
    """A build of the stand-in."""
    build = site.description(STAND_IN.name, groups, extra_packages=extra, sources=sources)
    return replace(build, machine=Machine("slurm.medium", site.network, ssh=Ssh(user=STAND_IN.distribution)))


@pytest.fixture(scope="module")
def of_mirror(repositories: Path, build_site: BuildSite) -> tuple[str, str]:
    """The full image, built from a mirror with a login: its id, and the build's log."""
    key = (repositories / "key.asc").read_text()
    with served(repositories, "site", f"{USER}:{PASSWORD}") as url:
        sources = PackageSources(
            repositories=tuple(PackageRepository(name, f"{url}/{name}", key=key) for name in REPOSITORIES),
            username=USER,
            password=PASSWORD,
        )
        outcome = build_site.image(described(build_site, FAT, sources, *GANESHA))
    return outcome["image_id"], Path(outcome["log"]).read_text()


@pytest.fixture(scope="module")
def tree(of_mirror: tuple[str, str], user: Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    return unpacked(user, of_mirror[0], tmp_path_factory.mktemp("image"))


def test_nothing_of_the_mirror_is_left(tree: Path, of_mirror: tuple[str, str]) -> None:
    assert PASSWORD not in of_mirror[1]
    holding = [path for path in (tree / "etc").rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert holding == []
    assert "site" not in "".join(path.name for path in (tree / "etc/yum.repos.d").iterdir())
    assert not (tree / "etc/dnf/slurm-appliance-repositories").exists()
    assert list((tree / "etc/pki/rpm-gpg").glob("site-*")) == []
    assert "reposdir" not in (tree / "etc/dnf/dnf.conf").read_text()


def test_an_update_that_brings_repository_files_back_is_harmless(tree: Path) -> None:
    # Nobody served what it names: the build would have failed, had dnf read it.
    assert f"Release {UPDATED}" in (tree / "etc/yum.repos.d/rocky.repo").read_text()


def test_the_image_has_what_its_groups_promise(tree: Path, of_mirror: tuple[str, str], user: Connection) -> None:
    programs = (
        "slurmctld", "slurmdbd", "slurmd", "srun", "mariadbd", "prometheus", "chronyd", "munged", "exportfs", "nfs-cat",
        "mount.nfs", "ansible-playbook",
    )  # fmt: skip
    # A link of alternatives leads out of the tree.
    missing = [
        name for name in programs if not any(os.path.lexists(tree / at / name) for at in ("usr/bin", "usr/sbin"))
    ]
    assert missing == []
    wants = {path.name.split(".")[0] for path in (tree / "etc/systemd/system").glob("*.wants/*")}
    assert wants & set(WAITING) == set()
    record = ImageRecord.of_image(images.find(OpenStackApi(user), of_mirror[0]))
    assert record.facts["os"].startswith("Rocky 9")
    assert record.facts["slurm"]
    assert {"slurm-slurmctld", "mariadb-server", "munge"} <= set(record.packages)
    assert {name: record.accounts.users[name] for name in ("slurm", "munge", "mysql")} == {
        "slurm": 202,
        "munge": 203,
        "mysql": 204,
    }


def test_faults_of_the_distribution_are_mended(tree: Path) -> None:
    # Commands on compute nodes would read it instead of the controller's.
    assert not (tree / "etc/slurm/slurm.conf").exists()
    # The folder of the database's socket, without the package's database.
    socket = tree / "var/lib/mysql"
    assert (socket.stat().st_uid, list(socket.iterdir())) == (204, [])
    assert (tree / "etc").stat().st_mode & 0o022 == 0
    unit = (tree / "etc/systemd/system/prometheus-node-exporter.service").read_text()
    assert "--collector.textfile.directory" in unit
    assert "/usr/lib64/openmpi/lib" in (tree / "etc/ld.so.conf.d/slurm-appliance-openmpi.conf").read_text()


def test_a_server_of_the_image_boots_and_ansible_init_runs(
    of_mirror: tuple[str, str], user: Connection, made: Made, login: Login
) -> None:
    server = made.make("of-rocky", image_id=fits_any_disk(user, of_mirror[0]).id)
    at, into = address(server), replace(login, user=STAND_IN.distribution)
    into.settled(at)
    assert into.wait(at, ". /etc/os-release; echo $ID; hostname") == "rocky\nof-rocky"
    result = json.loads(into.wait(at, "cat /var/lib/ansible-init/result.json"))
    assert (result["status"], result["instance_id"]) == ("done", server.id), result
    assert into.wait(at, "systemctl is-enabled ansible-init.service chronyd.service") == "enabled\nenabled"


@pytest.mark.extended
def test_the_distributions_own_repositories(
    repositories: Path, build_site: BuildSite, user: Connection, tmp_path: Path
) -> None:
    with served(repositories, "rocky"):
        outcome = build_site.image(described(build_site, ("login",), PackageSources()))
    root = unpacked(user, outcome["image_id"], tmp_path)
    text = (root / "etc/yum.repos.d/rocky.repo").read_text()
    assert "enabled=1" in text.partition("[crb]")[2].partition("[")[0]
    assert (root / "etc/yum.repos.d/epel.repo").exists()


@pytest.mark.extended
def test_a_repository_without_a_key_ends_the_build(repositories: Path, build_site: BuildSite) -> None:
    with served(repositories, "site") as url:
        sources = PackageSources(repositories=(PackageRepository("baseos", f"{url}/baseos"),))
        ended = build_site.run(described(build_site, ("login",), sources))
    assert ended.returncode != 0
    assert "package_sources.repositories.baseos.gpg_key" in ended.stderr


@pytest.fixture(scope="module")
def live(
    of_mirror: tuple[str, str],
    cloud: Cloud,
    user: Connection,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """A cluster of the image; nobody serves packages while it is created."""
    image = fits_any_disk(user, of_mirror[0])
    with running(cloud, user, image.name, tmp_path_factory.mktemp("cluster"), STAND_IN.distribution) as made:
        yield made


@pytest.mark.extended
def test_a_cluster_runs_a_job_and_its_pages_have_a_password(live: Live) -> None:
    assert live.run("control", ". /etc/os-release; echo $ID") == "rocky"
    job = live.submit("alice", "--nodes=2", "srun hostname")
    wait_until("the job's end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"))
    assert live.job_state(job) == "COMPLETED"
    assert live.site()["exit_status"] == 0
    status = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:9090/graph"
    assert live.run("control", status) == "401"
    failed = {row.check: row.why for row in check_cluster(live.environment) if row.verdict is CheckVerdict.FAIL}
    assert failed == {}


@pytest.mark.extended
def test_slurm_brings_a_node_to_an_image_that_adds_a_package(
    live: Live, of_mirror: tuple[str, str], repositories: Path, build_site: BuildSite, user: Connection
) -> None:
    full = images.find(OpenStackApi(user), of_mirror[0])
    key = (repositories / "key.asc").read_text()
    with served(repositories, "site") as url:
        sources = PackageSources(
            repositories=tuple(PackageRepository(name, f"{url}/{name}", key=key) for name in REPOSITORIES)
        )
        build = replace(described(build_site, (), sources, "tree"), base=full.name)
        second = fits_any_disk(user, build_site.image(build)["image_id"])
    live.rig.settings["cluster_image"] = second.name
    live.rig.up()
    assert live.image("control") == second.id
    assert live.image("c-0") == full.id
    live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-0")
    wait_until("the node's new image", lambda: live.image("c-0") == second.id, 120)
    job = live.submit("alice", "--nodelist=life-c-0", "test -x /usr/bin/tree")
    wait_until("the job's end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"), 240)
    assert live.job_state(job) == "COMPLETED"
