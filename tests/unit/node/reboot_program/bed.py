"""What the worker's tests stand on: a Slurm that remembers what it was told, and a worker's surroundings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from node.reboot_program.cloud import Cloud
from node.reboot_program.connection import Connection
from node.reboot_program.settings import RebootSettings
from node.reboot_program.slurm import Slurm, SlurmError
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.spool import RebootRequest, Spool
from node.reboot_program.worker import RebootWorker
from slurm_appliance.hostvars.reboot_targets import targets_file
from tests.fakes.nova import FakeCloud

REBOOTING = frozenset({"DOWN", "DRAIN", "REBOOT_ISSUED"})


class FakeSlurm(Slurm):
    """Nodes that wait for a reboot until the cloud has booted them."""

    def __init__(self) -> None:
        super().__init__()
        self.view: dict[str, SlurmNode] = {}
        self.told: list[tuple[str, tuple[str, ...], str]] = []
        self.away = 0

    def asks_for(self, *names: str) -> None:
        for name in names:
            self.view[name] = replace(self.view.get(name, SlurmNode(name, REBOOTING)), flags=REBOOTING)

    def booted(self, name: str) -> None:
        # Slurm knows whole seconds, and a boot takes more than one.
        self.view[name] = SlurmNode(name, frozenset({"IDLE"}), boot_time=int(time.time()) + 1)

    def nodes(self, names: Sequence[str]) -> dict[str, SlurmNode]:
        if self.away > 0:
            self.away -= 1
            raise SlurmError("Unable to contact slurm controller")
        return {name: self.view[name] for name in names if name in self.view}

    def _update(self, names: Sequence[str], state: str, reason: str) -> None:
        self.told.append((state, tuple(names), reason))
        for name in names:
            flags = self.view[name].flags
            if state == "DRAIN":
                flags |= {"DRAIN"}
            elif state == "DOWN":
                flags = flags - {"IDLE"} | {"DOWN"}
            else:
                flags = frozenset({"IDLE", "NOT_RESPONDING"}) | (flags & {"POWERING_UP"})
            self.view[name] = replace(self.view[name], flags=flags)


class Bed:
    """A cluster of nodes on image old with target new, and a worker's surroundings."""

    def __init__(self, folder: Path, cloud: FakeCloud) -> None:
        self.cloud = cloud
        self.slurm = FakeSlurm()
        self.old, self.new = cloud.add_image(), cloud.add_image()
        self.ids: dict[str, str] = {}
        self.targets = folder / "targets.json"
        self.clouds = folder / "clouds.yaml"
        self.clouds.write_text(cloud.clouds_yaml())
        self.settings = RebootSettings(
            targets=self.targets, clouds=self.clouds, spool=folder / "spool", poll=0.05, gap=0.01, limit=30.0
        )
        cloud.on_boot = self.slurm.booted

    def nodes(self, *names: str, volume_backed: bool = False, **server: object) -> None:
        for name in names:
            self.ids[name] = self.cloud.add_server(name, self.old, volume_backed=volume_backed, **server)
        self.target(self.new)
        self.slurm.asks_for(*names)

    def target(self, image: str) -> None:
        self.targets.write_bytes(targets_file({name: (server, image) for name, server in self.ids.items()}))

    def ask(self, *names: str) -> None:
        Spool(self.settings.spool).add(RebootRequest(names or tuple(self.ids), time.time()))

    def worker(self, **settings: object) -> RebootWorker:
        changed = RebootSettings(**{**vars(self.settings), **settings})
        return RebootWorker(
            changed,
            self.slurm,
            Connection(lambda: Cloud.open(self.clouds, "reboot")),
            lambda: 0.0,
            slurm_interval=0.02,
            wake_interval=0.1,
        )

    def work(self, seconds: float = 20.0, **settings: object) -> None:
        """Work until nothing is left; fails if that takes longer."""
        until = time.monotonic() + seconds
        self.worker(**settings).run(lambda: time.monotonic() > until, once=True)
        left = [entry.node for entry in Spool(self.settings.spool).entries()]
        assert not left, f"still under way after {seconds} s: {left}"

    def image(self, name: str) -> str:
        return self.cloud.image_of(self.ids[name])

    def actions(self, name: str) -> list[str]:
        return self.cloud.actions(self.ids[name])


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    with FakeCloud().serving() as cloud:
        yield Bed(tmp_path, cloud)


def until(true: Callable[[], object], worker: RebootWorker, seconds: float = 15.0) -> None:
    """Let a worker step until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not so within {seconds} s"
        worker.step()
        time.sleep(0.02)
