"""The optional policy pack, run by the engine as docs/policies.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import Rig
from toolchain.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "policies.md"


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pack with its packages, installed as the page says."""
    copy = tmp_path / "policy"
    shutil.copytree(REPOSITORY / "policy", copy, ignore=shutil.ignore_patterns("packages"))
    (line,) = re.findall(r"^\$ python (-m \w+ install .*)$", PAGE.read_text(), re.MULTILINE)
    words = [str(copy / "packages") if word == "policy/packages" else word for word in line.split()]
    subprocess.run([sys.executable, *words], cwd=REPOSITORY, check=True, capture_output=True)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    return copy


def previewed(rig: Rig, pack: Path) -> subprocess.CompletedProcess[str]:
    pulumi = Pulumi(rig)
    path = f"{pack / 'bin'}:{pulumi.programs}:{os.environ['PATH']}"
    return pulumi.run("preview", "--stack", "test", "--policy-pack", str(pack), more={"PATH": path})


@pytest.mark.extended
def test_the_engine_refuses_what_the_pack_forbids(rig: Rig, pack: Path) -> None:
    assert Pulumi(rig).run("stack", "init", "test").returncode == 0
    refused = previewed(rig, pack)
    assert refused.returncode != 0
    assert "[mandatory]  protected-environment" in refused.stdout
    assert "protected-state-volumes" not in refused.stdout

    rig.settings["protected"] = True
    accepted = previewed(rig, pack)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr

    build = {"base_image": "image-a", "flavor": "small", "network": "cluster", "visibility": "public"}
    rig.settings |= {"image_builds": {"fat": build}, "cluster_image": {"build": "fat"}}
    refused = previewed(rig, pack)
    assert refused.returncode != 0
    assert "[mandatory]  no-public-image" in refused.stdout
    rig.settings["image_builds"]["fat"]["visibility"] = "shared"
    accepted = previewed(rig, pack)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
