"""Settings of a running cluster that are taken out or switched off: nothing of them stays on its nodes."""

import pytest

from tests.lifecycle.cluster.live import COMPUTE, Live

NODES = ("control", "login-0", *COMPUTE)
CHRONY = "cat /etc/chrony/chrony.conf 2>/dev/null || cat /etc/chrony.conf"


@pytest.mark.extended
def test_the_images_time_servers_come_back(live: Live) -> None:
    live.rig.up()
    before = {node: live.run(node, CHRONY) for node in NODES}
    live.rig.settings["chrony_servers"] = ["192.0.2.123"]
    try:
        live.rig.up()
        assert all("server 192.0.2.123 iburst" in live.run(node, CHRONY) for node in NODES)
    finally:
        del live.rig.settings["chrony_servers"]
        live.rig.up()
    assert {node: live.run(node, CHRONY) for node in NODES} == before
    assert live.site()["changed"] == 0
