"""The program: an archive on standard input, one line of JSON as output."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from node.export_receiver.archive import unpack
from node.export_receiver.errors import ReceiveError, ReloadError
from node.export_receiver.receiver import Receiver


def main(arguments: Sequence[str] | None = None) -> int:
    """Install an archive from standard input."""
    parser = argparse.ArgumentParser(description="Install an archive of host variables from standard input.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--targets", type=Path, default=Path("/etc/slurm-appliance/reboot-targets.json"))
    parser.add_argument("--exports", type=Path, default=Path("/etc/exports.d/slurm-appliance-nodes.exports"))
    parser.add_argument("--ganesha", type=Path, default=Path("/etc/ganesha/slurm-appliance-nodes.conf"))
    parser.add_argument("--said", type=Path, help="folder of the files that nodes write")
    parser.add_argument("--writer", type=int, default=0, help="user and group of these files")
    parser.add_argument("--reload", default="", help="command that makes the NFS server read its exports")
    options = parser.parse_args(arguments)
    places = {
        "reboot-targets.json": options.targets,
        "nfs/kernel.exports": options.exports,
        "nfs/ganesha.conf": options.ganesha,
    }
    try:
        files = unpack(sys.stdin.buffer.read())
        receiver = Receiver(options.folder, places, shlex.split(options.reload), options.said, options.writer)
        result = receiver.receive(files)
    except (ReceiveError, ReloadError, OSError) as error:
        print(f"slurm-appliance-receive-export: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0
