"""What Prometheus on the control node watches, and how that is."""

import json
import subprocess
import time
from typing import Any

from slurm_appliance.ssh.known_hosts import SshHost

#: Asks Prometheus' own API there; the login comes by standard input, where no process list shows it.
_COMMAND = "curl --silent --show-error --fail --max-time 30 --config - http://localhost:9090/api/v1/targets"
_USER = "operator"
#: Seconds until each target was looked at since it is there: twice Prometheus' interval.
_TIMEOUT = 60.0


def targets(control: SshHost, password: str, watched: frozenset[str]) -> dict[str, Any]:
    """Prometheus' answer about its targets: once all nodes' are up, or as it stays for a while.

    Args:
        control: the control node.
        password: of the monitoring's user.
        watched: names of the nodes that are to be among them.

    Returns:
        ``status``, ``out``, ``err`` and ``seconds`` of the question.
    """
    began = time.monotonic()
    while True:
        ended = subprocess.run(
            control.command(_COMMAND),
            input=f'user = "{_USER}:{password}"\n',
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if ended.returncode or seconds > _TIMEOUT or _all_up(ended.stdout, watched):
            return {"status": ended.returncode, "out": ended.stdout, "err": ended.stderr, "seconds": round(seconds, 1)}
        time.sleep(1)


def _all_up(answer: str, watched: frozenset[str]) -> bool:
    active = json.loads(answer)["data"]["activeTargets"]
    return all(each["health"] == "up" for each in active) and watched <= {each["labels"]["instance"] for each in active}
