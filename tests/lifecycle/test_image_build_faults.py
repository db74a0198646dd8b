"""What goes wrong while an image is built: the error is clear, nothing is left, and the next run succeeds."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.faults.fault import Fault
from localcloud.faults.store import FaultStore
from slurm_appliance.image.spec import ImageBuild, PackageSources
from tests.engine.cloud_fixtures import IMAGE
from tests.lifecycle.image_fixtures import BuildSite

#: What is said at the beginning of each phase.
PHASES = ("] server: ", "] ssh: ", "] playbook: ", "  finish: record, clean", "] shut down", "] image\n")


@pytest.fixture
def small(build_site: BuildSite, request: pytest.FixtureRequest) -> ImageBuild:
    """A build of what every node has, of a content that no other test builds."""
    return build_site.description(IMAGE, (), salt=request.node.name)


@pytest.fixture(autouse=True)
def nothing_left(user: Connection, build_site: BuildSite) -> Iterator[None]:
    yield
    assert leftovers(user, build_site) == []


def leftovers(user: Connection, site: BuildSite) -> list[str]:
    """What a build has left in the cloud and, of its secrets, on the machine."""
    network: Any = user.network.find_network(site.network, ignore_missing=False)
    found = [f"server {each.name}" for each in user.compute.servers() if each.name.startswith("slurm-appliance-build")]
    found += [f"image {each.name}" for each in user.image.images() if each.name.startswith("slurm-appliance-")]
    found += [f"port {each.name}" for each in user.network.ports(network_id=network.id) if "build" in each.name]
    found += [
        f"security group {each.name}" for each in user.network.security_groups() if each.name.startswith("slurm-appl")
    ]
    found += [f"volume {each.name}" for each in user.block_storage.volumes() if "slurm-appliance" in each.name]
    builds = site.state / "slurm-appliance" / "image-builds"
    return found + [str(path) for path in builds.rglob("*") if path.name in {"login", "host", "variables.json"}]


def failed(ended: "subprocess.CompletedProcess[str]", *says: str) -> str:
    assert ended.returncode == 1, ended.stderr
    last = ended.stderr[ended.stderr.rindex("slurm-appliance: image build: ") :]
    for text in says:
        assert re.search(text, last), f"{text!r} not in {last!r}"
    return last


def test_a_package_source_out_of_reach(build_site: BuildSite, small: ImageBuild, user: Connection) -> None:
    ended = build_site.run(replace(small, sources=PackageSources(proxy="http://10.255.255.1:9")))
    error = failed(ended, r"fatimage.yml, host builder, task '", "10.255.255.1", "ansible.log")
    log = re.search(r"log: (\S+ansible.log)", error)
    assert log is not None
    assert "TASK [" in Path(log[1]).read_text()
    assert leftovers(user, build_site) == []
    assert build_site.image(small)["built"]


def test_a_package_that_does_not_exist(build_site: BuildSite, small: ImageBuild) -> None:
    ended = build_site.run(replace(small, extra_packages=("no-such-package",)))
    failed(ended, "task 'Install extra packages'", "no-such-package")


def test_a_server_that_never_answers(build_site: BuildSite, small: ImageBuild, faults: FaultStore) -> None:
    faults.add(Fault("never-boots", server="slurm-appliance-build-", times=None))
    failed(build_site.run(replace(small, ssh_timeout=8)), "no ssh within 8 s; last error: ", "console.log")


def test_a_snapshot_that_fails(build_site: BuildSite, small: ImageBuild, faults: FaultStore, user: Connection) -> None:
    faults.add(Fault("answer", body="createImage", status=500, times=None))
    failed(build_site.run(small), r"500 .*\(request req-", "POST compute /servers/.*/action")
    assert leftovers(user, build_site) == []
    faults.clear()
    faults.add(Fault("answer", body="createImage", status=503, times=2))
    assert build_site.image(small)["built"]


def test_a_failed_build_can_be_looked_at(build_site: BuildSite, small: ImageBuild, user: Connection) -> None:
    ended = build_site.run(replace(small, extra_packages=("no-such-package",), keep_on_failure=True))
    error = failed(ended, "the server was kept")
    way_in = re.search(r"kept: (ssh -F \S+ \S+);", error)
    assert way_in is not None
    said = subprocess.run([*way_in[1].split(), "hostname"], check=True, capture_output=True, text=True)
    assert said.stdout.startswith("slurm-appliance-build-")
    from slurm_appliance.image import collect
    from slurm_appliance.image.claims import BuildFolder
    from slurm_appliance.image.openstack_api import OpenStackApi

    build_folder = BuildFolder(build_site.state / "slurm-appliance" / "image-builds")
    collect.remove_dead_builds(OpenStackApi(user), build_folder, kept=True, say=print)


def wait_for(child: "subprocess.Popen[str]", phase: str) -> None:
    """Read what a build says until it comes to a phase."""
    assert child.stderr is not None
    end = time.monotonic() + 600
    for line in child.stderr:
        print(line, end="")
        if phase in line:
            return
        assert time.monotonic() < end, f"the build did not come to {phase!r} in 600 s"
    raise AssertionError(f"the build ended before {phase!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_any_phase_leaves_nothing(
    build_site: BuildSite, small: ImageBuild, user: Connection, number: signal.Signals
) -> None:
    for phase in PHASES if number is signal.SIGINT else PHASES[:3]:
        with build_site.start(small) as child:
            wait_for(child, phase)
            child.send_signal(number)
            _, errors = child.communicate(timeout=180)
        print(errors)
        assert child.returncode == 128 + number, phase
        assert f"interrupted by {number.name}" in errors
        assert leftovers(user, build_site) == [], phase


def test_what_a_kill_leaves_in_any_phase_is_removed_by_the_next_run(
    build_site: BuildSite, small: ImageBuild, user: Connection
) -> None:
    for phase in PHASES:
        with build_site.start(small) as child:
            wait_for(child, phase)
            child.kill()
        # Of the build before nothing is left, of this one everything.
        servers = [each.name for each in user.compute.servers() if each.name.startswith("slurm-appliance-build")]
        assert len(servers) <= 1, phase
        assert leftovers(user, build_site) != [], phase
    assert build_site.image(small)["built"]


def test_two_builds_at_once_make_one_image(build_site: BuildSite, small: ImageBuild) -> None:
    children = [build_site.start(small) for _ in range(2)]
    outputs = [child.communicate(timeout=900) for child in children]
    print(*(errors for _, errors in outputs), sep="\n")
    assert [child.returncode for child in children] == [0, 0]
    built = [output for output, _ in outputs if '"built": true' in output]
    assert len(built) == 1
    assert any("wait: " in errors for _, errors in outputs)


def test_a_build_on_a_volume(build_site: BuildSite, small: ImageBuild) -> None:
    machine = replace(small.machine, volume_size=20)
    assert build_site.image(replace(small, machine=machine))["built"]
