"""The RebootProgram for 1 to 500 nodes against an API that takes 50 ms a call.

``python -m benchmarks.reboot_program``. Seconds until Slurm's call returns, until all rebuilds were accepted,
and until all were back; calls a node; peak memory of the service. Rebuilds take 20 s.
"""

import json
import os
import pwd
import resource
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from slurm_appliance.hostvars.reboot_targets import targets_file
from tests.fakes.nova import FakeCloud
from tests.fakes.reboot_sockets import RebootSockets
from toolchain.paths import REPOSITORY

_LATENCY = 0.05
_REBUILD = 20.0
_TIMEOUT = 600.0

#: Stands in for scontrol: a node waits for its reboot until its file says that it has booted.
_SCONTROL = """#!/bin/sh
cd "$(dirname "$0")/booted"
for node in $(echo "$4" | tr , " "); do
    if test -e "$node"; then state=IDLE; else state=DOWN+REBOOT_ISSUED; fi
    echo "NodeName=$node CPUAlloc=0 State=$state BootTime=1"
done
"""


def _measure(count: int) -> tuple[float, float, float, float, int, float]:
    with tempfile.TemporaryDirectory() as name, FakeCloud().serving() as cloud:
        folder = Path(name)
        old, new = cloud.add_image(), cloud.add_image()
        ids = {f"c{number:03d}": cloud.add_server(f"c{number:03d}", old) for number in range(count)}
        (folder / "booted").mkdir()
        (folder / "scontrol").write_text(_SCONTROL)
        (folder / "scontrol").chmod(stat.S_IRWXU)
        (folder / "clouds.yaml").write_text(cloud.clouds_yaml())
        (folder / "targets.json").write_bytes(targets_file({node: (server, new) for node, server in ids.items()}))
        files = {"targets": "targets.json", "clouds": "clouds.yaml", "spool": "spool", "scontrol": "scontrol"}
        settings = {option: str(folder / file) for option, file in files.items()}
        cloud.latency, cloud.rebuild_seconds = _LATENCY, _REBUILD
        cloud.on_boot = lambda node: (folder / "booted" / node).touch()
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "node"),
            "SLURM_APPLIANCE_REBOOT_SETTINGS": str(folder / "reboot.yml"),
        }
        sockets = RebootSockets(folder, sys.executable, environment)
        me = pwd.getpwuid(os.getuid()).pw_name
        settings |= {"requests": str(sockets.requests), "helper": str(sockets.helper), "user": me, "slurm_user": me}
        (folder / "reboot.yml").write_text(json.dumps(settings))
        service = sockets.service(environment, log=subprocess.DEVNULL)
        began = time.monotonic()
        command = [sys.executable, "-m", "reboot_program", f"c[000-{count - 1:03d}]"]
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        returned = time.monotonic() - began
        accepted = 0.0
        while any(any((folder / "spool" / each).iterdir()) for each in ("requests", "nodes")):
            if time.monotonic() - began > _TIMEOUT:
                service.kill()
                service.wait()
                raise TimeoutError(f"{count} nodes took more than {_TIMEOUT:.0f} s")
            if not accepted and len(cloud.actions()) == count:
                accepted = time.monotonic() - began
            time.sleep(0.02)
        finished = time.monotonic() - began
        service.terminate()
        assert service.wait() == 0
        sockets.close()
        assert {cloud.image_of(server) for server in ids.values()} == {new}
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return returned, accepted, finished, len(cloud.calls) / count, cloud.most_at_once, memory


def main() -> None:
    """Print one line for each size."""
    print("nodes  returned s  accepted s    back s  calls a node  at once  peak MiB")
    for count in (1, 10, 100, 500):
        returned, accepted, back, calls, at_once, memory = _measure(count)
        print(
            f"{count:5} {returned:11.2f} {accepted:11.1f} {back:9.1f} {calls:13.1f} {at_once:8} {memory:9.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
