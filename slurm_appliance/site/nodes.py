"""Asks nodes over ssh what was applied to them, and records it there: one call for each, all at once."""

import json
import shlex
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slurm_appliance.site.skipping import AppliedState
from slurm_appliance.ssh.known_hosts import SshHost
from toolchain.paths import REPOSITORY

#: The program that nodes run; it is not installed there, so that it is always the one of this release.
PROGRAM = REPOSITORY / "node" / "site_record.py"
#: Seconds for the connection, and for all of it. A node that takes longer is left to Ansible, and everything runs.
_CONNECT, _TIMEOUT = 5, 20
_PARALLEL = 20


def read(hosts: Mapping[str, SshHost]) -> dict[str, AppliedState | None]:
    """What each node says; None where it does not answer, or without sense."""
    return _all(hosts, dict.fromkeys(hosts))


def write(hosts: Mapping[str, SshHost], records: Mapping[str, Mapping[str, Any]]) -> dict[str, AppliedState | None]:
    """Store a record on each node; what each says then."""
    return _all({name: hosts[name] for name in records}, {name: json.dumps(each) for name, each in records.items()})


def _all(hosts: Mapping[str, SshHost], texts: Mapping[str, str | None]) -> dict[str, AppliedState | None]:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        said = pool.map(lambda name: _one(hosts[name], texts[name]), hosts)
        return dict(zip(hosts, said, strict=True))


def _one(host: SshHost, text: str | None) -> AppliedState | None:
    program = ["python3", "-I", "-c", PROGRAM.read_text(), "read" if text is None else "write"]
    remote = shlex.join(program if host.user == "root" else ["sudo", "-n", *program])
    command = host.command(remote)
    command[1:1] = ["-o", f"ConnectTimeout={_CONNECT}"]
    try:
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, timeout=_TIMEOUT, check=True)
        return AppliedState.of(json.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
