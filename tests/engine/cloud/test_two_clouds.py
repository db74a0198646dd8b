"""Another cloud's folder is stopped and removed while this cloud runs: its servers and network stay."""

from pathlib import Path
from typing import Any

from localcloud.control import lifecycle
from localcloud.host.layout import CloudLayout
from localcloud.host.steps import Steps
from tests.engine.cloud_fixtures import Cloud, say
from tests.engine.machine import Machine
from tests.engine.node_fixtures import Login, address


def test_a_dead_cloud_s_folder_is_removed_alone(cloud: Cloud, one: Any, login: Login, tmp_path: Path) -> None:
    boot = login.wait(address(one), "readlink /proc/1/ns/pid")
    before = Machine.look(cloud.layout.root)
    dead = CloudLayout(tmp_path / "dead")
    dead.make_folders()
    lifecycle.down(dead, Steps(say))
    lifecycle.reset(dead, Steps(say))
    assert not dead.root.exists()
    after = Machine.look(cloud.layout.root)
    assert (after.addresses, after.interfaces, after.namespaces, after.filters, after.groups) == (
        *(before.addresses, before.interfaces, before.namespaces, before.filters, before.groups),
    )
    assert login.wait(address(one), "readlink /proc/1/ns/pid") == boot
