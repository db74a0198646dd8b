"""The toolchain in a shell: what ``env`` prints makes plain pulumi commands work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import pins
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY, cache_folder
from toolchain.pieces import Piece

START = [sys.executable, str(REPOSITORY / "slurm_appliance/__main__.py")]


@pytest.mark.usefixtures("toolchain")
def test_plain_pulumi_works_and_logins_outlive_the_toolchain(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    exports = tmp_path / "exports"
    # As a user with another home folder would get it, but with the cache that is here.
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache_folder().parent)}
    environment.pop("PULUMI_CREDENTIALS_PATH", None)
    printed = subprocess.run([*START, "env"], check=True, capture_output=True, text=True, cwd=tmp_path, env=environment)
    exports.write_text(printed.stdout)
    script = f". {exports}; command -v pulumi; command -v python3; pulumi version; pulumi login file://{tmp_path}/state"
    done = subprocess.run(["sh", "-ec", script], env=environment, capture_output=True, text=True, check=True)
    pulumi, python, version, *_ = done.stdout.splitlines()
    assert Path(pulumi).is_relative_to(cache_folder("pulumi-home"))
    assert Path(python).parent == Path(sys.prefix) / "bin"
    assert pins.parse(version) is not None
    credentials = json.loads((tmp_path / ".pulumi/credentials.json").read_text())
    assert credentials["current"] == f"file://{tmp_path}/state"


def test_the_toolchain_is_shown_piece_by_piece(toolchain: Toolchain) -> None:
    printed = subprocess.run([*START, "toolchain", "--output", "json"], check=True, capture_output=True, text=True)
    rows = {row["piece"]: row for row in json.loads(printed.stdout)}
    assert list(rows) == list(Piece)
    for provision in toolchain.provisions:
        assert rows[provision.piece]["path"] == str(provision.path)
        assert rows[provision.piece]["origin"] == provision.origin
    planned = subprocess.run([*START, "toolchain", "--dry-run"], check=True, capture_output=True, text=True)
    assert all(str(provision.path) in planned.stdout for provision in toolchain.provisions)
