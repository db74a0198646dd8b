"""What site.yml applied to this node last: read and written by the deploy host, which sends this program over ssh.

``read`` prints the record and what the node is like now; ``write`` stores the record on standard input first. The
record is in memory: after a reboot or a rebuild there is none, and everything is applied again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

RECORD = Path("/run/slurm-appliance/site.json")
HOST_KEY = Path("/etc/ssh/ssh_host_ed25519_key.pub")
ANSIBLE_INIT = Path("/var/lib/ansible-init/result.json")
#: What changes with the packages.
PACKAGES = (Path("/var/lib/dpkg/status"), Path("/var/lib/rpm/rpmdb.sqlite"), Path("/usr/lib/sysimage/rpm/rpmdb.sqlite"))
_KINDS = "service,socket,timer,mount"


def document(path: Path) -> dict[str, Any]:
    """A JSON document; empty if it is missing or damaged."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def node_state(record: Path = RECORD) -> dict[str, Any]:
    """The record, and what the node is like now."""
    command = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", f"--type={_KINDS}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {
        "record": document(record),
        "ansible_init": str(document(ANSIBLE_INIT).get("status", "")),
        "host_key": HOST_KEY.read_text() if HOST_KEY.exists() else "",
        "packages": [path.stat().st_mtime_ns for path in PACKAGES if path.exists()],
        "units": sorted(line.split()[0] for line in listed.splitlines() if line.split()),
    }


def write(text: str, record: Path = RECORD) -> None:
    """Store a record; one that is written by half is damaged, which counts as none."""
    record.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with os.fdopen(os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[-1] == "write":
        write(sys.stdin.read())
    print(json.dumps(node_state()))
