from __future__ import annotations

import pytest

from node.reboot_program.slurm_state import parse_nodes

# As Slurm 22.05 writes it, shortened.
_TEXT = (
    "NodeName=c1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=2 CPUTot=2 NodeAddr=10.0.0.1 NodeHostName=c1 Port=0 "
    "OS=Linux 6.1 #1 SMP State=none  RealMemory=1000 State=DOWN+DRAIN+REBOOT_ISSUED ThreadsPerCore=1 Weight=1 "
    "NextState=RESUME Partitions=main,debug  BootTime=1795420000 SlurmdStartTime=1795420001 "
    "Reason=rollout x : reboot issued State=IDLE BootTime=1 [slurm@1795422331]\n"
)


def test_a_node() -> None:
    text = _TEXT.replace("OS=Linux 6.1 #1 SMP State=none ", "OS=Linux 6.1 #1 SMP ")
    node = parse_nodes(text)["c1"]

    assert node.flags == {"DOWN", "DRAIN", "REBOOT_ISSUED"}
    assert node.boot_time == 1795420000
    assert node.partitions == ("main", "debug")
    assert node.reason == "rollout x : reboot issued State=IDLE BootTime=1"
    assert (node.rebooting, node.in_service, node.busy) == (True, False, False)
    assert node.state == "DOWN+DRAIN+REBOOT_ISSUED"


def test_unknown_boot_time_and_jobs() -> None:
    node = parse_nodes("NodeName=c2 CPUAlloc=2 State=MIXED+DRAIN BootTime=None\n")["c2"]

    assert node.boot_time == 0
    assert node.busy
    assert not node.in_service


@pytest.mark.parametrize(
    ("state", "wake"),
    [
        ("IDLE+DRAIN+REBOOT_REQUESTED+NOT_RESPONDING", True),
        ("DOWN+REBOOT_REQUESTED+NOT_RESPONDING", True),
        ("IDLE+DRAIN+REBOOT_REQUESTED", False),
        ("DOWN+NOT_RESPONDING", False),
        ("MIXED+DRAIN+REBOOT_REQUESTED+NOT_RESPONDING", False),
        ("DOWN+DRAIN+REBOOT_ISSUED+NOT_RESPONDING", False),
    ],
)
def test_a_node_that_slurm_is_to_reboot_and_does_not_reach(state: str, wake: bool) -> None:
    (node,) = parse_nodes(f"NodeName=c1 CPUAlloc=0 State={state} BootTime=1").values()
    assert node.out_of_reach is wake


def test_what_is_not_a_node_is_skipped() -> None:
    assert parse_nodes("\nNode c9 not found\nNodeName=c3 Arch=x\n") == {}
