"""A Slurm cluster whose nodes are servers of a fake cloud: both sides of a rebuild, without a cloud."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.hostvars.reboot_targets import targets_file
from tests.engine.rollout.slurm_cluster import SlurmCluster, slurm_cluster
from tests.fakes.nova import FakeCloud

#: Seconds that slurm.conf gives a reboot; short, because some tests wait for its end.
RESUME_TIMEOUT = 25
NODES = 8


class Bed:
    """The cluster, its cloud, and the RebootProgram between them.

    Attributes:
        old, new: images; nodes begin on old, with new as target.
    """

    def __init__(self, slurm: SlurmCluster, cloud: FakeCloud) -> None:
        self.slurm = slurm
        self.cloud = cloud
        self.old, self.new = cloud.add_image(), cloud.add_image()
        self.ids = {name: cloud.add_server(name, self.old) for name in slurm.names}
        self.service: subprocess.Popen[str] | None = None
        self.never_boots: set[str] = set()
        spool = slurm.folder / "reboot-spool"
        spool.mkdir(mode=0o700)
        self._give("clouds.yaml", cloud.clouds_yaml(), 0o600)
        self._give("reboot.yml", json.dumps(self.settings(spool)), 0o644)
        for path in (spool, slurm.folder / "clouds.yaml"):
            os.chown(path, slurm.worker.pw_uid, slurm.worker.pw_gid)
        self.target(self.new)
        cloud.on_off = slurm.stop_node
        cloud.on_boot = self._boot

    def settings(self, spool: Path) -> dict[str, object]:
        """The RebootProgram's settings."""
        folder = self.slurm.folder
        return {
            "targets": str(folder / "targets.json"),
            "clouds": str(folder / "clouds.yaml"),
            "spool": str(spool),
            "requests": str(self.slurm.sockets.requests),
            "helper": str(self.slurm.sockets.helper),
            "user": self.slurm.worker.pw_name,
            "poll": 0.5,
            "limit": RESUME_TIMEOUT - 5,
        }

    def target(self, image: str, *names: str) -> None:
        """Set the target of all nodes, or of some."""
        wanted = {
            name: (server, image if not names or name in names else self.new) for name, server in self.ids.items()
        }
        self._give("targets.json", targets_file(wanted).decode(), 0o644)

    def image(self, name: str) -> str:
        """The image that a node runs."""
        return self.cloud.image_of(self.ids[name])

    def actions(self, name: str) -> list[str]:
        """What was asked of a node's server."""
        return self.cloud.actions(self.ids[name])

    def reboot_calls(self) -> list[dict[str, object]]:
        """slurmctld's calls of the RebootProgram."""
        path = self.slurm.folder / "state" / "reboot-calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def start_service(self) -> None:
        """Start the RebootProgram's service."""
        self.service = self.slurm.service()

    def stop_service(self) -> None:
        """Kill it."""
        if self.service:
            self.service.kill()
            self.service.wait()
            self.service = None

    def service_log(self) -> str:
        """What the service said."""
        return (self.slurm.folder / "service.log").read_text()

    def _boot(self, name: str) -> None:
        if name not in self.never_boots:
            self.slurm.start_node(name, fresh=True)

    def _give(self, name: str, text: str, mode: int) -> None:
        path = self.slurm.folder / name
        aside = path.with_suffix(".part")
        aside.write_text(text)
        aside.chmod(mode)
        if path.exists():
            os.chown(aside, path.stat().st_uid, path.stat().st_gid)
        aside.replace(path)


@pytest.fixture
def bed() -> Iterator[Bed]:
    with FakeCloud().serving() as cloud, slurm_cluster(NODES, RESUME_TIMEOUT) as slurm:
        bed = Bed(slurm, cloud)
        cloud.rebuild_seconds, cloud.reboot_seconds = 2.0, 1.0
        bed.start_service()
        try:
            yield bed
        finally:
            bed.stop_service()
            # Shown for a test that fails.
            print(bed.service_log(), slurm.controller_log(), sep="\n")
