"""From a known security issue to the whole cluster: one command, with jobs running."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.engine.mirror.command import Mirror
from tests.engine.mirror.packages import SigningKey
from tests.engine.mirror.upstream import Upstream, serving
from tests.lifecycle.cluster.live import FLAVOR, GROUP, Live, running
from tests.lifecycle.image_fixtures import BuildSite
from tests.lifecycle.test_image_snapshot import PACKAGE
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY

ISSUE = "CVE-2026-1000"
NODES = ("control", "login-0", "c-0", "c-1")
#: No group on volumes: an image that a stack builds needs a disk of its flavor's size.
GROUPS = {"general": {"nodes": ["c-[0-1]"], **GROUP}}


def command(live: Live, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as the operator of the cluster."""
    return subprocess.run(
        [REPOSITORY / "slurm-appliance", "--stacks", live.rig.stacks, *arguments],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def versions(live: Live) -> set[str]:
    """The versions of the package on all nodes."""
    return {live.run(node, f"dpkg-query --show --showformat='${{Version}}' {PACKAGE}") for node in NODES}


def test_an_update_reaches_every_node_and_no_job_is_lost(
    cloud: Cloud,
    build_site: BuildSite,
    user: Connection,
    fat_image: GlanceImage,
    mirror: Mirror,
    signing_key: SigningKey,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    upstream = Upstream(tmp_path / "upstream", signing_key)
    listing = tmp_path / "mirror.yaml"
    key_file = tmp_path / "key.asc"
    key_file.write_text(signing_key.public)

    def publish(version: str) -> dict[str, Any]:
        """A snapshot with a version of the package."""
        upstream.release_deb(PACKAGE, version)
        site = {"type": "deb", "url": f"{upstream.url}/debian", "suites": ["stable"], "gpg_key": "key.asc"}
        listing.write_text(yaml.safe_dump({"repositories": {"site": site}}))
        mirror.call("sync", "--config", str(listing))
        return dict(mirror.json("publish", "--config", str(listing)))

    with serving(upstream):
        old, new = publish("1.0"), publish("1.1")
    folder = tmp_path_factory.mktemp("update")
    tracker = tmp_path / "tracker.json"
    fixed = {"releases": {"trixie": {"status": "resolved", "fixed_version": "1.1", "urgency": "high"}}}
    tracker.write_text(json.dumps({PACKAGE: {ISSUE: fixed}}))
    base = fat_image.name

    sources = {
        "snapshot": old["snapshot"],
        "repositories": {
            "site": {
                "url": old["repositories"]["site"].replace(old["snapshot"], "${snapshot}"),
                "suite": "stable",
                "gpg_key": str(key_file),
            }
        },
    }
    build = {
        "base_image": base,
        "groups": [],
        "extra_packages": [PACKAGE],
        "package_sources": sources,
        "flavor": FLAVOR,
        "network": build_site.network,
    }
    with running(cloud, user, {"build": "nodes"}, folder, image_builds={"nodes": build}, compute=GROUPS) as live:
        assert versions(live) == {"1.0"}
        before = live.rig.stack_file.read_text()
        refused = command(live, "update", "--stack", live.rig.name, "--yes")
        assert refused.returncode == 1
        assert "image_builds.nodes.package_sources.snapshot" in refused.stderr
        assert live.rig.stack_file.read_text() == before
        job = live.submit("alice", "--nodelist=life-c-0", "sleep 60")
        wait_until("the job to run", lambda: live.job_state(job) == "RUNNING", 60)

        options = ("--stack", live.rig.name, "--snapshot", new["snapshot"], "--tracker", str(tracker))
        # Nobody confirms it: images are built, and nothing else is done.
        declined = command(live, "update", *options)
        assert declined.returncode == 2, declined.stderr
        assert f"~ {PACKAGE} 1.0 → 1.1" in declined.stdout
        assert ISSUE in declined.stdout
        assert live.rig.stack_file.read_text() == before
        assert versions(live) == {"1.0"}

        done = command(live, "update", *options, "--yes")
        print(done.stdout, done.stderr)
        assert done.returncode == 0
        assert versions(live) == {"1.1"}
        assert live.job_state(job) == "COMPLETED"
        assert new["snapshot"] in live.rig.stack_file.read_text()
        live.rig.settings = {
            key.partition(":")[2]: value
            for key, value in yaml.safe_load(live.rig.stack_file.read_text())["config"].items()
            if key.startswith("slurm-appliance:")
        }
        assert live.rig.preview().steps == ()
        # Once more with the same snapshot: there is nothing to do.
        again = command(live, "update", *options, "--yes")
        assert again.returncode == 0
        assert live.rig.stack_file.read_text().count(new["snapshot"]) == 1
