"""One cloud is stopped while another one runs: nothing of the machine as a whole is removed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.compute import cgroups
from localcloud.compute import host as compute_host
from localcloud.compute.cgroups import CgroupLayout
from localcloud.control import database, host, lifecycle, process
from localcloud.host.layout import CloudLayout
from localcloud.host.steps import Steps
from localcloud.network import link, perimeter, ruleset


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was removed of the machine; nothing really is."""
    found: list[str] = []

    def kill(*_: object) -> bool:
        found.append("group")
        return True

    where = CgroupLayout("unified", tmp_path / "groups")
    monkeypatch.setattr(host, "require_root", lambda: None)
    monkeypatch.setattr(database, "stop", lambda _: None)
    monkeypatch.setattr(cgroups, "host_layout", lambda: where)
    monkeypatch.setattr(cgroups, "node_names", lambda _: ["node"])
    monkeypatch.setattr(cgroups.NodeCgroups, "kill", kill)
    monkeypatch.setattr(cgroups.NodeCgroups, "remove", lambda _: None)
    monkeypatch.setattr(link, "with_prefix", lambda _: ["lcbone"])
    monkeypatch.setattr(link, "namespaces", lambda _: [])
    monkeypatch.setattr(link, "delete", lambda _: found.append("interface"))
    monkeypatch.setattr(ruleset, "remove", lambda: found.append("filters"))
    monkeypatch.setattr(perimeter, "remove", lambda: found.append("perimeter"))
    monkeypatch.setattr(host, "remove_addresses", lambda: found.append("addresses"))
    monkeypatch.setattr(compute_host, "NOTIFY_FOLDER", tmp_path / "notify")
    monkeypatch.setattr(compute_host, "_NSPAWN_RUN", tmp_path / "nspawn")
    (tmp_path / "notify").mkdir()
    return found


@pytest.fixture
def stopped(tmp_path: Path) -> CloudLayout:
    layout = CloudLayout(tmp_path / "stopped")
    layout.make_folders()
    return layout


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[process.Process]:
    """A process of another cloud; no real cloud of this machine is seen."""
    layout = CloudLayout(tmp_path / "running")
    layout.make_folders()
    started = process.start(layout, "sleeper", ["sleep", "60"])

    def marked(root: Path | None = None) -> Iterator[tuple[process.Process, str]]:
        if started.alive and root in (None, layout.root):
            yield started, str(layout.root)

    monkeypatch.setattr(process, "marked", marked)
    yield started
    process.stop([started], grace=5)


def test_the_other_cloud_keeps_everything(
    removed: list[str], stopped: CloudLayout, running: process.Process, tmp_path: Path
) -> None:
    lifecycle.down(stopped, Steps(lambda _: None))
    assert stopped.root.exists()
    lifecycle.reset(stopped, Steps(lambda _: None))
    assert removed == []
    assert running.alive
    assert (tmp_path / "notify").is_dir()
    assert not stopped.root.exists()


def test_the_last_cloud_removes_everything(
    removed: list[str], stopped: CloudLayout, running: process.Process, tmp_path: Path
) -> None:
    process.stop([running], grace=5)
    lifecycle.reset(stopped, Steps(lambda _: None))
    assert set(removed) == {"group", "interface", "filters", "perimeter", "addresses"}
    assert not (tmp_path / "notify").exists()


@pytest.mark.parametrize("status", [0, 1])
def test_the_ci_script_resets_the_cloud_of_the_tests(tmp_path: Path, status: int) -> None:
    script = Path(__file__).parents[3] / ".ci/run"
    (tmp_path / ".ci").mkdir()
    (tmp_path / "states").mkdir()
    (tmp_path / ".ci/run").write_text(script.read_text())
    stub = tmp_path / "slurm-appliance"
    stub.write_text(
        f'#!/bin/sh\n[ "$1" = cloud ] || exit 0\necho "$SLURM_APPLIANCE_CLOUD_STATE" >{tmp_path}/asked\nexit {status}\n'
    )
    stub.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path / "states"), "SLURM_APPLIANCE_CLOUD_STATE": "/mine"}
    subprocess.run(["bash", tmp_path / ".ci/run"], env=environment, check=False, capture_output=True)
    asked = Path((tmp_path / "asked").read_text().strip())
    assert asked.is_relative_to(tmp_path / "states")
    assert asked.parts[-2:] == ("slurm-appliance", "cloud-of-tests")
    assert bool(list((tmp_path / "states").iterdir())) == bool(status)
