"""Changes node states in Slurm, through a helper that runs as SlurmUser.

Setting a node's state needs SlurmUser's rights, or an operator's, which require accounting. The worker has neither: it
sends a message to this helper, which systemd starts per connection, and which can only take nodes out of service with a
reason of the RebootProgram.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .accounts import AccountError, uid_of
from .holding import STATES, FailureNotice
from .hostlist import MOST_NAMES
from .log import log, start_logging
from .messages import MessageError, ask, peer_uid, receive, send
from .settings import SettingsError, read_settings, settings_file
from .slurm import Slurm, SlurmError, one_line
from .slurm_state import REASON_PREFIX

#: Timeout for the worker's message, in seconds.
_TIMEOUT = 10.0
#: Timeout for the answer in seconds: several calls of scontrol, each of which may wait for slurmctld.
_LONGEST_CALL = 240.0
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class SlurmByHelper(Slurm):
    """Slurm for the worker's user: reads directly, changes through the helper.

    Args:
        scontrol: the program.
        helper: the helper's socket.
    """

    def __init__(self, scontrol: str, helper: Path) -> None:
        super().__init__(scontrol)
        self._helper = helper

    def tell(self, names: Sequence[str], step: FailureNotice, reason: str) -> None:
        """See `Slurm.tell`."""
        if not STATES[step]:
            return
        try:
            message = {"nodes": list(names), "step": step.name, "reason": one_line(reason)}
            said = ask(self._helper, message, _LONGEST_CALL)
        except MessageError as error:
            raise SlurmError(f"cannot reach the helper: {error}") from error
        if said.get("error"):
            raise SlurmError(str(said["error"]))


def checked(message: dict[str, Any]) -> tuple[list[str], FailureNotice, str]:
    """Check and return a message's nodes, step and reason.

    Raises:
        MessageError: it is not a message of the worker.
    """
    nodes, step, reason = message.get("nodes"), message.get("step"), message.get("reason")
    if not isinstance(nodes, list) or not 0 < len(nodes) <= MOST_NAMES:
        raise MessageError("nodes is not a list of names")
    for node in nodes:
        if not isinstance(node, str) or not _NODE.fullmatch(node):
            raise MessageError(f"{node!r} is not a node name")
    if not isinstance(step, str) or step not in FailureNotice.__members__ or not STATES[FailureNotice[step]]:
        raise MessageError(f"{step!r} is not an allowed change")
    if not isinstance(reason, str) or not reason.startswith(REASON_PREFIX) or not reason.isprintable():
        raise MessageError(f"the reason must be one line that starts with {REASON_PREFIX!r}")
    return nodes, FailureNotice[step], reason


def answer(connection: socket.socket, allowed: frozenset[int], slurm: Slurm) -> dict[str, Any]:
    """Execute one message and return the answer."""
    uid = peer_uid(connection)
    if uid not in allowed:
        log.warning("uid %d may not change nodes", uid)
        return {"error": f"uid {uid} may not change nodes"}
    try:
        slurm.tell(*checked(receive(connection, _TIMEOUT)))
    except (MessageError, SlurmError) as error:
        log.warning("%s", error)
        return {"error": str(error)}
    return {}


def main() -> int:
    """Serve the connection on standard input; return the exit status."""
    start_logging()
    try:
        settings = read_settings(settings_file())
        allowed = frozenset({0, uid_of(settings.user)})
        with socket.socket(fileno=sys.stdin.fileno()) as connection:
            send(connection, answer(connection, allowed, Slurm(settings.scontrol)), _TIMEOUT)
    except (SettingsError, AccountError, MessageError, OSError) as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
