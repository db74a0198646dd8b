"""The targets of Prometheus on the control node, and their health."""

import json
import subprocess
import time
from typing import Any

from slurm_appliance.ssh.known_hosts import SshHost

#: Queries Prometheus' API there; the credentials come from standard input, invisible in process lists.
_COMMAND = "curl --silent --show-error --fail --max-time 30 --config - http://localhost:9090/api/v1/targets"
_USER = "operator"
#: Timeout for each target to be scraped, in seconds: twice Prometheus' interval.
_TIMEOUT = 60.0


def targets(control: SshHost, password: str, watched: frozenset[str]) -> dict[str, Any]:
    """Prometheus' targets: as soon as all nodes are up, or after a timeout.

    Args:
        control: the control node.
        password: password of the monitoring user.
        watched: names of the nodes that must be included.

    Returns:
        ``status``, ``out``, ``err`` and ``seconds`` of the query.
    """
    began = time.monotonic()
    while True:
        ended = subprocess.run(
            control.command(_COMMAND),
            input=curl_config(_USER, password),
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if ended.returncode or seconds > _TIMEOUT or _all_up(ended.stdout, watched):
            return {"status": ended.returncode, "out": ended.stdout, "err": ended.stderr, "seconds": round(seconds, 1)}
        time.sleep(1)


def curl_config(user: str, password: str) -> str:
    """A configuration of curl's that logs in, whatever the password is made of."""
    quoted = f"{user}:{password}".replace("\\", "\\\\").replace('"', '\\"')
    return f'user = "{quoted}"\n'


def _all_up(answer: str, watched: frozenset[str]) -> bool:
    active = json.loads(answer)["data"]["activeTargets"]
    return all(each["health"] == "up" for each in active) and watched <= {each["labels"]["instance"] for each in active}
