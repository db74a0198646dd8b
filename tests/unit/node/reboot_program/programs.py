"""What the tests of the programs stand on: a folder with their settings, a stand-in for scontrol, and a cloud."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.reboot_program.spool import RebootRequest, Spool
from slurm_appliance.hostvars.reboot_targets import targets_file
from tests.fakes.nova import FakeCloud
from tests.fakes.reboot_sockets import RebootSockets
from toolchain.paths import REPOSITORY

#: Stands in for scontrol: shows all nodes as waiting until a file says they booted; keeps what it is told.
_SCONTROL = """#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
*"show node"*)
    for node in $(echo "$4" | tr , " "); do
        state="DOWN+DRAIN+REBOOT_ISSUED"
        test -e "booted-$node" && state="IDLE"
        test -e "drained" && state="IDLE+DRAIN"
        echo "NodeName=$node CPUAlloc=0 State=$state BootTime=1"
    done ;;
*)
    case "$*" in *state=DRAIN*) touch drained ;; esac
    echo "$*" >> told ;;
esac
"""


class Programs:
    """A folder with settings for both programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self._started: list[subprocess.Popen[str]] = []
        (folder / "scontrol").write_text(_SCONTROL)
        (folder / "scontrol").chmod(stat.S_IRWXU)
        self.environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY / "node"),
            "SLURM_APPLIANCE_REBOOT_SETTINGS": str(folder / "reboot.yml"),
        }
        self.sockets = RebootSockets(folder, sys.executable, self.environment)
        me = pwd.getpwuid(os.getuid()).pw_name
        self.settings(
            targets=str(folder / "targets.json"),
            clouds=str(folder / "clouds.yaml"),
            spool=str(self.spool),
            requests=str(self.sockets.requests),
            helper=str(self.sockets.helper),
            user=me,
            slurm_user=me,
            scontrol=str(folder / "scontrol"),
            poll=0.05,
            gap=0.05,
            limit=20,
        )

    def settings(self, **values: object) -> None:
        (self.folder / "reboot.yml").write_text(json.dumps(values))

    def reboot(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reboot_program", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=False)

    def service(self, *arguments: str) -> subprocess.Popen[str]:
        started = self.sockets.service(self.environment, *arguments)
        self._started.append(started)
        return started

    def ask(self, *nodes: str) -> None:
        """A request that the service has taken before it was started again."""
        Spool(self.spool).add(RebootRequest(nodes, time.time()))

    def targets(self, *nodes: str) -> None:
        (self.folder / "targets.json").write_bytes(targets_file(dict.fromkeys(nodes, ("s", "i"))))

    def end(self) -> None:
        """End what a test that failed left running."""
        for started in self._started:
            if started.poll() is None:
                started.kill()
            started.communicate()
        self.sockets.close()

    def told(self) -> list[str]:
        told = self.folder / "told"
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    made = Programs(tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def cloud(programs: Programs) -> Iterator[FakeCloud]:
    with FakeCloud().serving() as cloud:
        (programs.folder / "clouds.yaml").write_text(cloud.clouds_yaml())
        cloud.on_boot = lambda name: (programs.folder / f"booted-{name}").touch()
        yield cloud
