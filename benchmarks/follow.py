"""Compute nodes that follow the control node, 4 to 1000: what they cost its file server, and the wait for them.

``python -m benchmarks.follow IMAGE`` as root, with an image file of the local cloud, such as one of
``~/.cache/slurm-appliance/test-images``. The image's nfs-ganesha serves the bundles in namespaces of its own; every
node looks at its digest, gets a new bundle, looks again and acknowledges, with the programs' own code.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from node.compute_init.follow import acknowledgement
from node.compute_init.followed import Followed
from node.compute_init.record import ComputeInitRecord
from node.compute_init.small_file import SmallFiles
from node.export_receiver.archive import unpack
from node.export_receiver.awaiting import Wait
from node.export_receiver.receiver import Receiver
from node.export_receiver.verdict import WaitLimits
from slurm_appliance.hostvars.bundle import ComputeNode, SharedFile
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.nfs_exports import WRITER_ID
from slurm_appliance.hostvars.signing import SigningKey

COUNTS = (4, 100, 1000)
_SERVER, _STATE = "127.0.0.1", "/srv/state"
_KEY = SigningKey(base64.b64encode(bytes(32)).decode())
_CONFIG = """\
NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; allow_set_io_flusher_fail = true; }
NFSV4 { Graceless = true; Minor_Versions = 1, 2, 0; }
EXPORT_DEFAULTS { Protocols = 4; Transports = TCP; SecType = sys; }
%include "/etc/ganesha/slurm-appliance-nodes.conf"
"""
#: Requests at a time, as of nodes that all notice a change at once.
_AT_ONCE = 32
_TICKS = os.sysconf("SC_CLK_TCK")


def _receive(root: Path, count: int, serial: int) -> None:
    nodes = [
        ComputeNode(f"c{number}", _SERVER, f"server-{number}", "image", {"own": "x" * 800}, frozenset({"own"}))
        for number in range(count)
    ]
    shared = {"hosts": SharedFile(b"hosts\n", keep=True)}
    files = unpack(archive(export_files(nodes, shared, key=_KEY, serial=serial, state_dir=_STATE)))
    places = {"nfs/ganesha.conf": root / "etc/ganesha/slurm-appliance-nodes.conf"}
    folder = root / _STATE.lstrip("/") / "compute-init"
    Receiver(folder, places, (), folder / "acknowledgements", WRITER_ID).receive(files)


class _Measured:
    """The file server, and what one kind of request costs it."""

    def __init__(self, process: int) -> None:
        self._process = process

    def cpu(self) -> float:
        words = Path(f"/proc/{self._process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:13])) / _TICKS

    def memory(self) -> int:
        lines = Path(f"/proc/{self._process}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

    def all(self, request: Callable[[Followed], object], followed: list[Followed]) -> tuple[float, float]:
        cpu, since = self.cpu(), time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(request, followed))
        return time.monotonic() - since, self.cpu() - cpu


def _inside(root: Path, count: int) -> None:
    """In namespaces of its own: serve, and be all nodes."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, kind in (("proc", "proc"), ("sys", "sysfs"), ("run", "tmpfs")):
        (root / name).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", kind, kind, str(root / name)], check=True)
    for path in ("run/ganesha", "var/lib/nfs/ganesha", "srv", "dev"):
        (root / path).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--rbind", "/dev", str(root / "dev")], check=True)
    (root / "etc/ganesha/ganesha.conf").write_text(_CONFIG)
    since = time.monotonic()
    _receive(root, count, 1)
    received = time.monotonic() - since
    server = subprocess.Popen(["chroot", str(root), "ganesha.nfsd", "-F", "-L", "/tmp/log"])  # noqa: S108 - its own
    try:
        followed = [Followed(_SERVER, f"{_STATE}/compute-init/nodes", f"c{n}", f"server-{n}") for n in range(count)]
        files = SmallFiles(_SERVER)
        while subprocess.run(["bash", "-c", "exec 2>&-; : > /dev/tcp/127.0.0.1/2049"], check=False).returncode:
            time.sleep(0.05)
        measured = _Measured(server.pid)
        measured.all(lambda each: files.read(each.digest), followed)
        looked = measured.all(lambda each: files.read(each.digest), followed)
        _receive(root, count, 2)

        def acknowledge(each: Followed) -> None:
            signed = files.read(each.digest).decode().strip()
            record = ComputeInitRecord("done", "", state="done", signed=signed)
            files.write(each.acknowledgement, acknowledgement(record, each).encode())

        acknowledged = measured.all(acknowledge, followed)
        cpu = time.process_time()
        folder = root / _STATE.lstrip("/") / "compute-init"
        found = Wait(folder, folder / "acknowledgements", WaitLimits(30, 600)).look()
        waited = time.process_time() - cpu
        print(
            json.dumps(
                {
                    "nodes": count,
                    "export received, s": round(received, 2),
                    "all look, s": round(looked[0], 2),
                    "all look, CPU s of the server": round(looked[1], 2),
                    "all look and acknowledge, s": round(acknowledged[0], 2),
                    "all look and acknowledge, CPU s of the server": round(acknowledged[1], 2),
                    "MB of the server": measured.memory(),
                    "one look of the wait, CPU s": round(waited, 2),
                    "acknowledged": found.progress,
                }
            )
        )
    finally:
        server.terminate()
        server.wait()


def main(image: str) -> None:
    """Unpack the image once for each count, and measure."""
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "root"
            root.mkdir()
            subprocess.run(["tar", "--zstd", "-xf", image, "-C", str(root)], check=True)
            unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
            bind = f"mount --bind {root} {root} && exec {sys.executable} -m benchmarks.follow {root} {count}"
            subprocess.run([*unshare, "sh", "-c", bind], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _inside(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main(sys.argv[1])
