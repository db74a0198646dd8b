"""Gives each test the marker of the tier whose folder it lies in, and those that take minutes another one."""

import os
import signal
from pathlib import Path

import pytest

TIERS = ("unit", "engine", "lifecycle", "vm")

#: Tests that build or copy images, break clusters, wait for time-outs, or run a whole Slurm or Pulp: minutes each.
EXTENDED = (
    "engine/cloud/test_shares.py",
    "engine/cloud/test_snapshots.py",
    "engine/cloud/test_volumes.py",
    "engine/cloud/test_cluster.py",
    "engine/mirror",
    "engine/test_node_pythons.py",
    "engine/rollout",
    "lifecycle/cluster/test_adopt.py",
    "lifecycle/cluster/test_authentication.py",
    "lifecycle/cluster/test_control_away.py",
    "lifecycle/cluster/test_follow.py",
    "lifecycle/cluster/test_rebuild.py",
    "lifecycle/cluster/test_rebuild_faults.py",
    "lifecycle/cluster/test_site_faults.py",
    "lifecycle/cluster/test_site_layer.py",
    "lifecycle/cluster/test_site_services.py",
    "lifecycle/cluster/test_slurm_files.py",
    "lifecycle/cluster/security/test_confinement.py",
    "lifecycle/test_adopt_reference.py",
    "lifecycle/test_other_system.py",
    "lifecycle/test_update.py",
    "lifecycle/test_upgrade.py",
    "lifecycle/test_image_build.py",
    "lifecycle/test_image_build_faults.py",
    "lifecycle/test_image_snapshot.py",
    "lifecycle/test_image_stack.py",
)


#: These need a cloud of virtual machines, and a session has one cloud: ``slurm-appliance test --tier vm`` says so.
collect_ignore = [] if os.environ.get("SLURM_APPLIANCE_TEST_SERVERS") == "vm" else ["vm"]


def pytest_configure() -> None:
    """Programs that tests start get Ctrl-C, even where a shell started the tests in the background, without it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here)
        tier = folder.parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.path}: tests lie in one of {', '.join(TIERS)}")
        item.add_marker(tier)
        if any(folder.is_relative_to(each) for each in EXTENDED):
            item.add_marker("extended")
