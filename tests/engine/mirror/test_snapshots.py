"""Snapshots hold what was upstream when they were published, for real package managers, whatever changes later."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.engine.mirror.clients import apt_install, dnf_install
from tests.engine.mirror.command import Mirror, until
from tests.engine.mirror.packages import SigningKey
from tests.engine.mirror.upstream import Upstream

PACKAGE = "hello-mirror"


@pytest.fixture(scope="module")
def first(mirror: Mirror, listing: Path) -> dict[str, Any]:
    """The first snapshot: version 1.0 of the package in both repositories."""
    synced = mirror.json("sync", "--config", str(listing))
    assert [(one["name"], one["changed"], one["packages"]) for one in synced] == [
        ("debian", True, 1),
        ("rocky", True, 1),
    ]
    made: dict[str, Any] = mirror.json("publish", "--config", str(listing))
    assert made["created"]
    return made


@pytest.fixture(scope="module")
def second(mirror: Mirror, listing: Path, upstream: Upstream, first: dict[str, Any]) -> dict[str, Any]:
    """The snapshot after both upstreams have replaced version 1.0 by 1.1."""
    upstream.release_deb(PACKAGE, "1.1")
    upstream.release_rpm(PACKAGE, "1.1")
    synced = mirror.json("sync", "--config", str(listing))
    assert [one["changed"] for one in synced] == [True, True]
    made: dict[str, Any] = mirror.json("publish", "--config", str(listing))
    assert made["created"]
    assert made["snapshot"] > first["snapshot"]
    return made


@pytest.mark.parametrize(("repository", "install"), [("debian", apt_install), ("rocky", dnf_install)])
def test_a_build_pinned_to_a_snapshot_gets_its_packages_whatever_the_upstream_has_now(
    first: dict[str, Any],
    second: dict[str, Any],
    listing: Path,
    tmp_path: Path,
    repository: str,
    install: Callable[[Path, str, Path, str], str],
) -> None:
    versions = [
        install(tmp_path / made["snapshot"], made["repositories"][repository], listing.parent / "key.asc", PACKAGE)
        for made in (first, second)
    ]
    assert versions == ["1.0", "1.1"]


def test_nothing_new_upstream_makes_no_version_and_no_snapshot(
    mirror: Mirror, listing: Path, second: dict[str, Any]
) -> None:
    assert [one["changed"] for one in mirror.json("sync", "--config", str(listing))] == [False, False]
    again = mirror.json("publish", "--config", str(listing))
    assert not again["created"]
    assert again["snapshot"] == second["snapshot"]
    assert again["reason"] == f"nothing has changed since {second['snapshot']}"
    assert again["repositories"] == second["repositories"]


@pytest.mark.usefixtures("second")
def test_a_snapshot_named_by_the_operator_is_made_once(mirror: Mirror, listing: Path, upstream: Upstream) -> None:
    options = ("publish", "--sync", "--config", str(listing), "--snapshot", "release-1")
    named = mirror.json(*options)
    assert named["created"]
    assert named["repositories"]["debian"].endswith("/debian/stable/release-1/")
    asked = len(upstream.requests)
    assert not mirror.json(*options)["created"]
    assert len(upstream.requests) == asked
    mirror.call("remove", "release-1", "--yes")


@pytest.mark.parametrize(
    ("kind", "said"), [("deb", "unable to verify any release files"), ("rpm", "its metadata is not signed by")]
)
def test_metadata_that_the_key_did_not_sign_is_refused(
    mirror: Mirror, upstream: Upstream, tmp_path: Path, kind: str, said: str
) -> None:
    stranger = SigningKey.make(tmp_path / "gpg")
    (tmp_path / "stranger.asc").write_text(stranger.public)
    stranger.stop_agent()
    settings = {
        "deb": f"type: deb, url: '{upstream.url}/debian', suites: [stable]",
        "rpm": f"type: rpm, url: '{upstream.url}/rpm', repo_gpgcheck: true",
    }
    file = tmp_path / "mirror.yaml"
    file.write_text(f"repositories: {{strange-{kind}: {{{settings[kind]}, gpg_key: stranger.asc}}}}\n")
    if kind == "deb":
        refused = mirror.call("sync", "--config", str(file), status=1)
    else:
        mirror.call("sync", "--config", str(file))
        refused = mirror.call("publish", "--config", str(file), status=1)
    assert f"strange-{kind}" in refused.stderr
    assert said in refused.stderr.lower()
    paths = [url for one in mirror.json("status")["snapshots"] for url in one["repositories"].values()]
    assert not [path for path in paths if "strange" in path]


def test_an_upstream_that_is_gone_is_named_and_snapshots_stay_served(
    mirror: Mirror, listing: Path, first: dict[str, Any], tmp_path: Path
) -> None:
    gone = tmp_path / "mirror.yaml"
    text = (
        listing.read_text()
        .replace("/debian\n", "/no-such-folder\n")
        .replace("key.asc", str(listing.parent / "key.asc"))
    )
    gone.write_text(text)
    failed = mirror.call("sync", "--config", str(gone), status=1)
    assert failed.stderr.splitlines()[-2].startswith("slurm-appliance: debian: Pulp's task failed")
    assert "no-such-folder" in failed.stderr
    assert (
        "BEGIN PGP SIGNATURE"
        in requests.get(f"{first['repositories']['debian']}dists/stable/InRelease", timeout=30).text
    )
    mirror.call("sync", "--config", str(listing))


def test_a_killed_publish_leaves_nothing_that_counts_as_a_snapshot(
    mirror: Mirror, listing: Path, second: dict[str, Any]
) -> None:
    first_file = second["repositories"]["debian"].replace(second["snapshot"], "cut-short") + "dists/stable/Release"
    with mirror.running("publish", "--config", str(listing), "--snapshot", "cut-short") as publishing:
        until(lambda: _served(first_file), 120, "the first repository of the snapshot is served")
        assert publishing.poll() is None
    made = mirror.json("publish", "--config", str(listing), "--snapshot", "cut-short")
    assert made["complete"]
    assert set(made["repositories"]) == {"debian", "rocky"}
    mirror.call("remove", "cut-short", "--yes")


def test_a_sync_that_hangs_is_left_behind_when_its_worker_or_its_command_is_killed(
    mirror: Mirror, listing: Path, upstream: Upstream, second: dict[str, Any], tmp_path: Path
) -> None:
    # One repository, for the one worker: with two, it would go on with the other.
    alone = tmp_path / "mirror.yaml"
    settings = "type: deb, path: debian/stable, suites: [stable], components: [main], architectures: [amd64]"
    key = listing.parent / "key.asc"
    alone.write_text(f"repositories: {{debian: {{{settings}, url: '{upstream.url}/debian', gpg_key: {key}}}}}\n")
    upstream.silent.set()
    try:
        with _hanging_sync(mirror, alone, upstream) as syncing:
            os.kill(mirror.process("pulpcore-worker"), signal.SIGKILL)
            _output, said = syncing.communicate(timeout=120)
        assert syncing.returncode == 1
        assert "Worker has gone missing." in said
        with _hanging_sync(mirror, alone, upstream) as syncing:
            assert syncing.poll() is None
    finally:
        upstream.silent.clear()
    mended = mirror.call("sync", "--config", str(listing))
    assert "cancelling tasks left by an interrupted command" in mended.stderr
    assert mirror.json("publish", "--config", str(listing))["snapshot"] == second["snapshot"]


@contextmanager
def _hanging_sync(mirror: Mirror, listing: Path, upstream: Upstream) -> Iterator["subprocess.Popen[str]"]:
    """A sync whose first request to the upstream gets no answer; killed at the end of the block if it still runs."""
    asked = len(upstream.requests)
    with mirror.running("sync", "--config", str(listing)) as syncing:
        until(lambda: len(upstream.requests) > asked, 120, "the upstream is asked")
        yield syncing


def test_a_removed_snapshot_is_gone_with_its_packages_and_the_others_stay(
    mirror: Mirror, first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert _packages(mirror) == 4
    mirror.call("remove", first["snapshot"], "--yes")
    for url in (
        f"{first['repositories']['debian']}dists/stable/Release",
        f"{first['repositories']['rocky']}repodata/repomd.xml",
    ):
        assert not _served(url)
    assert _served(f"{second['repositories']['debian']}dists/stable/Release")
    assert _served(f"{second['repositories']['rocky']}repodata/repomd.xml")
    assert _packages(mirror) == 2
    assert mirror.call("prune", "--keep", "1", "--yes").stdout == "nothing to remove\n"
    unknown = mirror.call("remove", first["snapshot"], "--yes", status=2)
    assert f"{first['snapshot']}: unknown snapshot" in unknown.stderr


def _served(url: str) -> bool:
    return requests.get(url, timeout=30).status_code == 200


def _packages(mirror: Mirror) -> int:
    """How many .deb and .rpm files the mirror keeps, told by how they begin: Pulp names files by their digest."""
    files = [path for path in (mirror.state / "content/media").rglob("*") if path.is_file()]
    return sum(path.read_bytes().startswith((b"!<arch>\ndebian-binary", b"\xed\xab\xee\xdb")) for path in files)
