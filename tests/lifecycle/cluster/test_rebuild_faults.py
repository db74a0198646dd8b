"""Trouble when Slurm reboots a node: it ends in service on its target, or DOWN with a true reason; and heals."""

import uuid
from collections.abc import Iterator

import pytest

from localcloud.faults.fault import Effect, Fault
from localcloud.faults.store import FaultStore
from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live

NODE = "c-1"
OUT = ("DOWN", "DOWN+DRAIN", "IDLE+DRAIN", "DOWN+NOT_RESPONDING", "DOWN+DRAIN+NOT_RESPONDING")


@pytest.fixture
def other(live: Live, fat_image: GlanceImage, second_image: GlanceImage) -> Iterator[str]:
    """An image that the node does not run, as its target; afterwards it is in service on some image again."""
    wanted = second_image.id if live.image(NODE) == fat_image.id else fat_image.id
    live.set_target(NODE, wanted)
    yield wanted
    if live.node(NODE)["state"] == "IDLE" and live.image(NODE) == live.targets()[NODE]:
        return
    live.set_target(NODE, wanted)
    live.run("control", f"scontrol update nodename=life-{NODE} state=RESUME; true")
    reboot(live)
    live.wait_for_state(NODE, "IDLE")
    assert live.image(NODE) == wanted


def of_rebuilds(effect: Effect, *, status: int = 500, times: int | None = 1) -> Fault:
    """A fault of Nova's call that rebuilds a server."""
    return Fault(effect, "nova", "POST", "/action$", '"rebuild"', status=status, times=times)


def reboot(live: Live) -> None:
    live.run("control", f"scontrol reboot ASAP nextstate=RESUME reason=test life-{NODE}")


def journal(live: Live) -> str:
    return live.run("control", "journalctl --identifier slurm-appliance-reboot --output cat --lines 30")


def compute_init(live: Live) -> str:
    """What compute-init said since the node's boot; nothing while it cannot be asked."""
    return live.login.run(live.address(NODE), "journalctl --boot --unit compute-init --output cat").stdout


def back(live: Live, image: str) -> None:
    """The node is in service on an image, and a job runs there."""
    live.wait_for_state(NODE, "IDLE")
    assert live.image(NODE) == image
    done = live.as_user("alice", f"srun --nodelist=life-{NODE} --immediate=60 hostname")
    assert done.stdout == f"life-{NODE}\n", done.stderr


#: Troubles that pass.
PASSING: dict[str, Fault] = {
    "errors of Nova": of_rebuilds("answer", status=500, times=2),
    "too many requests": of_rebuilds("answer", status=429, times=2),
    "a conflict": of_rebuilds("answer", status=409, times=2),
    "a connection cut after the work was done": of_rebuilds("cut-after"),
    "no metadata at first": Fault("answer", service="metadata", status=503, times=5),
}


@pytest.mark.parametrize("trouble", PASSING)
def test_trouble_that_passes(live: Live, faults: FaultStore, other: str, trouble: str) -> None:
    faults.add(PASSING[trouble])
    reboot(live)
    back(live, other)
    assert faults.faults() == [], "the trouble was met"


#: Troubles that last, and what the reason says.
LASTING: dict[str, tuple[Fault, str]] = {
    "conflict for ever": (of_rebuilds("answer", status=409, times=None), "409"),
    "an error after the rebuild": (Fault("rebuild-error", server="life-c-1", times=1), "ERROR"),
    "a server that never boots": (Fault("never-boots", server="life-c-1", times=1), "slurmd has not registered"),
}


@pytest.mark.parametrize("trouble", LASTING)
def test_trouble_that_lasts_and_is_healed(live: Live, faults: FaultStore, other: str, trouble: str) -> None:
    fault, words = LASTING[trouble]
    faults.add(fault)
    reboot(live)
    found = live.wait_for_state(NODE, *OUT)
    wait_until("the reason", lambda: words in live.node(NODE)["reason"], 30, 0.5)
    assert live.node(NODE)["reason"].startswith("slurm-appliance-reboot: "), found
    faults.clear()
    reboot(live)
    back(live, other)


def test_a_target_that_is_gone(live: Live, other: str) -> None:
    gone = str(uuid.uuid4())
    live.set_target(NODE, gone)
    before = live.image(NODE)
    reboot(live)
    live.wait_for_state(NODE, *OUT)
    wait_until("the reason", lambda: gone in live.node(NODE)["reason"], 30, 0.5)
    assert live.image(NODE) == before, "nothing was done to it"
    live.set_target(NODE, other)
    reboot(live)
    back(live, other)


def test_the_share_is_away_while_the_node_boots(live: Live, other: str) -> None:
    live.run("control", "systemctl stop nfs-ganesha")
    try:
        reboot(live)
        wait_until(
            "compute-init to miss the share",
            lambda: (
                "next attempt in"
                in live.login.run(live.address(NODE), "journalctl --boot --unit compute-init --output cat").stdout
            ),
            60,
        )
    finally:
        live.run("control", "systemctl start nfs-ganesha")
    back(live, other)


def test_variables_of_another_schema(live: Live, other: str) -> None:
    bundle = f"/var/lib/state/compute-init/nodes/life-{NODE}/bundle.json"
    live.run("control", f'cp -a {bundle} /root/bundle && sed -i \'s/"schema": *1/"schema": 99/\' {bundle}')
    try:
        reboot(live)
        wait_until(
            "compute-init to refuse them",
            lambda: (
                "has schema 99, this image reads 1"
                in live.login.run(live.address(NODE), "journalctl --boot --unit compute-init --output cat").stdout
            ),
            60,
        )
        assert "IDLE" not in live.node(NODE)["state"].split("+")
    finally:
        live.run("control", f"cat /root/bundle > {bundle}")
    back(live, other)


def test_the_worker_is_killed_half_way(live: Live, other: str) -> None:
    reboot(live)
    wait_until("a rebuild to begin", lambda: live.actions(NODE)[-1] == "rebuild" and live.image(NODE) == other, 60)
    live.run("control", "systemctl kill --signal=KILL slurm-appliance-reboot")
    back(live, other)
    assert "resuming 1 node(s) from the spool" in journal(live)
