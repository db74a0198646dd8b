"""Settings of a running cluster that are taken out or switched off: nothing of them stays on its nodes."""

from functools import partial

import pytest

from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import COMPUTE, Live

NODES = ("control", "login-0", *COMPUTE)
EXPORTER, PROMETHEUS, TIMER = "prometheus-node-exporter.service", "prometheus.service", "slurm-metrics.timer"
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


def _runs(live: Live, node: str, unit: str) -> tuple[str, str]:
    """Whether a unit runs, and whether it starts at boot."""
    active, enabled = (live.run(node, f"systemctl is-{what} {unit} || true") for what in ("active", "enabled"))
    return active, enabled


def _ports(live: Live, node: str) -> set[int]:
    """The ports of the monitoring that are open on a node."""
    ask = "(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo {port} || true"
    script = "; ".join(ask.format(port=port) for port in (9090, 9100))
    return set(map(int, live.run(node, f"bash -c '{script}'").split()))


def _open(live: Live, node: str, wanted: set[int]) -> bool:
    return _ports(live, node) == wanted


def _on(live: Live) -> None:
    """Everything of the monitoring runs, and answers."""
    for unit in (EXPORTER, PROMETHEUS, TIMER):
        assert _runs(live, "control", unit) == ("active", "enabled")
    assert _runs(live, "login-0", EXPORTER) == ("active", "enabled")
    assert {_runs(live, node, EXPORTER) for node in COMPUTE} == {("active", "disabled")}
    for node in NODES:
        wanted = {9090, 9100} if node == "control" else {9100}
        wait_until(f"{node}'s ports", partial(_open, live, node, wanted), 60)


@pytest.mark.extended
def test_without_monitoring_nothing_of_it_runs(live: Live) -> None:
    live.rig.up()
    _on(live)
    features = live.rig.settings.get("features")
    live.rig.settings["features"] = {**(features or {}), "monitoring": False}
    try:
        live.rig.up()
        for unit in (EXPORTER, PROMETHEUS, TIMER):
            assert _runs(live, "control", unit) == ("inactive", "disabled")
        for node in ("login-0", *COMPUTE):
            assert _runs(live, node, EXPORTER) == ("inactive", "disabled")
        assert {node: _ports(live, node) for node in NODES} == {node: set() for node in NODES}
        assert live.site()["changed"] == 0
    finally:
        live.rig.settings.pop("features")
        if features is not None:
            live.rig.settings["features"] = features
        live.rig.up()
    _on(live)
    assert live.site()["changed"] == 0
