import json
import subprocess
from collections.abc import Collection, Sequence

import pytest

from node.reboot_program.errors import CloudCallError
from node.reboot_program.facts import NodeServer
from slurm_appliance.errors import ApplianceError
from slurm_appliance.rollout.cluster import SlurmCluster
from slurm_appliance.rollout.control import ControlNode
from slurm_appliance.rollout.images import ServerImages


class _Control:
    where = "control"

    def __init__(self) -> None:
        self.boot_time = 7

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        records = {name: {"instance_id": f"s-{name}", "image_id": "new"} for name in ("c1", "c2")}
        targets = {"schema": 1, "nodes": records}
        times = {"c1": self.boot_time, "c2": 7, "c3": 7}
        nodes = "".join(f"NodeName={name} State=IDLE BootTime={time}\n" for name, time in times.items())
        return subprocess.CompletedProcess(list(command), 0, json.dumps(targets) if "cat" in command else nodes, "")


class _Servers:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    def server(self, server_id: str) -> NodeServer | None:
        self.asked.append(server_id)
        if self.broken:
            raise CloudCallError("503", passes=True)
        return NodeServer(server_id, "ACTIVE", image_id="old") if server_id == "s-c1" else None


def _look(cluster: SlurmCluster, names: Collection[str] = ("c1", "c2", "c3", "c4")) -> dict[str, tuple[str, str, bool]]:
    facts = cluster.look(names)
    return {name: (node.current, node.target, node.slurm is not None) for name, node in facts.nodes.items()}


def test_images_are_asked_for_once_and_after_a_boot() -> None:
    control, servers = _Control(), _Servers()
    cluster = SlurmCluster(ControlNode(control), ServerImages(servers))

    assert _look(cluster) == {
        "c1": ("old", "new", True), "c2": ("", "new", True), "c3": ("", "", True), "c4": ("", "", False),
    }  # fmt: skip
    servers.asked.clear()
    _look(cluster, ["c1"])
    assert servers.asked == []
    control.boot_time = 99
    _look(cluster, ["c1"])
    assert servers.asked == ["s-c1"]


def test_a_cloud_that_cannot_be_asked() -> None:
    servers = _Servers()
    servers.broken = True

    with pytest.raises(ApplianceError, match="503"):
        _look(SlurmCluster(ControlNode(_Control()), ServerImages(servers)))
