"""Run tempest against the running cloud and judge its results."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.control.configuration import render
from localcloud.control.credentials import passwords
from localcloud.control.environment import make_environment
from localcloud.control.files import write_private
from localcloud.control.resources import EXTERNAL_NETWORK, IMAGE, connect, upload
from localcloud.control.server_record import recorded
from localcloud.errors import NotRunningError, ServiceError
from localcloud.host.layout import PACKAGE, CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.tempest.configuration import CloudIds, configuration
from localcloud.tempest.results import TempestVerdict, judge, read_known_failures, read_results

if TYPE_CHECKING:
    from openstack.connection import Connection

KNOWN_FAILURES = PACKAGE / "tempest" / "known-failures.txt"

#: The name of the second image (the same bytes with another ID, to rebuild servers with) and of the network.
_OURS = "tempest"

#: The network's range.
_SUBNET = "10.99.0.0/24"

#: The projects whose tests are run; scenarios use several of them.
_TESTS = r"^tempest\.(api\.(compute|identity|image|network|volume)|scenario)\."

#: Tempest appends a test's attributes to its name: ``[id-...,smoke]``.
_SMOKE_TAG = r"\[.*\bsmoke\b.*\]"


def run_tempest(layout: CloudLayout, steps: Steps, tests: str, *, smoke: bool, workers: int) -> TempestVerdict:
    """Run tests and compare their results with the list of known failures.

    Args:
        layout: a running cloud.
        steps: reports progress.
        tests: a regular expression for test names; empty for all tests of the cloud's projects.
        smoke: only tests that tempest marks as smoke tests.
        workers: how many tests run in parallel.

    Raises:
        NotRunningError: the cloud was never started.
        ServiceError: tempest itself failed, without results.
    """
    if not layout.clouds_yaml.exists():
        raise NotRunningError(
            "there is no local cloud", where=str(layout.root), remedy="start one with `slurm-appliance cloud up`"
        )
    with steps.step("install tempest's Python packages"):
        binaries = make_environment("tempest") / "bin"
    home, folder = layout.root / "tempest", layout.root / "tempest" / "workspace"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    _init(str(binaries / "tempest"), folder, home)
    with connect(layout, admin=True) as admin, _prepared(admin, home, recorded(layout)) as facts:
        write_private(folder / "etc/tempest.conf", render(configuration(passwords(layout), facts, folder)))
        wanted = tests or _TESTS
        command = [str(binaries / "tempest"), "run", "--concurrency", str(workers)]
        command += ["--regex", rf"({wanted}).*{_SMOKE_TAG}" if smoke else wanted]
        with steps.step("tempest"):
            # Its exit status only says that something failed; the results below say what, and whether it is known.
            subprocess.run(command, cwd=folder, check=False)
    last = [str(binaries / "stestr"), "last", "--subunit"]
    stream = subprocess.run(last, cwd=folder, capture_output=True, check=False)
    table = subprocess.run([str(binaries / "subunit2csv")], input=stream.stdout, capture_output=True, check=False)
    results = read_results(table.stdout.decode("utf-8", "replace"))
    if not results:
        raise ServiceError("tempest ran no test", where=str(folder), evidence=stream.stderr.decode()[-2000:])
    return judge(results, read_known_failures(KNOWN_FAILURES.read_text()))


def _init(tempest: str, folder: Path, home: Path) -> None:
    # Tempest stores a list of its workspaces in the home folder.
    command, environment = [tempest, "init", str(folder)], {**os.environ, "HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError("tempest init failed", where=str(folder), evidence=(done.stdout + done.stderr)[-2000:])


@contextmanager
def _prepared(admin: "Connection", home: Path, kind: ServerKind) -> Iterator[CloudIds]:
    """The resources for tests, including a second image and a shared network, which are removed afterwards."""
    _remove(admin)
    base: Any = admin.image.find_image(IMAGE, ignore_missing=False)
    flavor: Any = admin.compute.find_flavor("slurm.small", ignore_missing=False)
    other: Any = admin.compute.find_flavor("slurm.medium", ignore_missing=False)
    external: Any = admin.network.find_network(EXTERNAL_NETWORK, ignore_missing=False)
    copy = home / "image"
    admin.image.download_image(base.id, output=str(copy))
    try:
        other_image = upload(admin, copy, _OURS, {}, base.disk_format, base.min_disk)
        copy.unlink()
        network: Any = admin.network.create_network(name=_OURS, is_shared=True)
        admin.network.create_subnet(network_id=network.id, name=_OURS, ip_version=4, cidr=_SUBNET)
        extensions = tuple(sorted(str(extension.alias) for extension in admin.network.extensions()))
        yield CloudIds(base.id, other_image, flavor.id, other.id, external.id, network.name, extensions, kind.patience)
    finally:
        _remove(admin)


def _remove(admin: "Connection") -> None:
    # Also leftovers of a killed run.
    for image in admin.image.images(name=_OURS):
        admin.image.delete_image(image.id)
    for network in admin.network.networks(name=_OURS):
        for port in admin.network.ports(network_id=network.id):
            admin.network.delete_port(port.id)
        admin.network.delete_network(network.id)
