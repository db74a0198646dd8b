"""The worker's listener: receives requests from SlurmUser on a Unix socket and writes them to the spool.

SlurmUser can do nothing here except name nodes from the file of targets. Everything else (the server, the image, the
credential, the spool) belongs to the worker's user and to root.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .hostlist import HostlistError, expand
from .log import log
from .messages import MessageError, peer_uid, receive, send
from .spool import RebootRequest, Spool
from .targets import read_targets

#: Timeout for a message in seconds; slurmctld's side sends it at once.
_TIMEOUT = 5.0
#: Minimum interval between requests in seconds, so that a flood cannot exhaust the processor or the disk.
_PAUSE = 0.02
#: Maximum number of waiting requests; the worker takes all of them every quarter of a second.
_MOST_WAITING = 1000
_LONGEST_FEATURES = 1000
#: Maximum length of a node's name: that of a host name.
_LONGEST_NAME = 63
#: Interval for checking whether to stop, in seconds.
_TICK = 0.25


class RefusedError(ValueError):
    """Raised for a rejected request; the message is the answer."""


@dataclass(frozen=True)
class Asked:
    """The content of a request.

    Attributes:
        nodes: known nodes to reboot.
        strangers: names that are not in the file of targets.
        features: for the log only.
    """

    nodes: tuple[str, ...]
    strangers: tuple[str, ...]
    features: str = ""


def judge(message: dict[str, Any], targets_file: Path) -> Asked:
    """Parse a request. If the file of targets is unusable, all names count as known, and the worker fails them.

    Raises:
        RefusedError: the message is malformed.
    """
    nodes, features = message.get("nodes"), message.get("features", "")
    if set(message) - {"nodes", "features"} or not isinstance(nodes, str) or not isinstance(features, str):
        raise RefusedError("a request must have exactly nodes and features, both text")
    if len(features) > _LONGEST_FEATURES:
        raise RefusedError(f"features are longer than {_LONGEST_FEATURES} characters")
    try:
        names = expand(nodes)
    except HostlistError as error:
        raise RefusedError(str(error)) from error
    if any(len(name) > _LONGEST_NAME for name in names):
        raise RefusedError(f"a node's name is longer than {_LONGEST_NAME} characters")
    targets = read_targets(targets_file)
    ours = tuple(name for name in names if targets.problem or name in targets.nodes)
    return Asked(ours, tuple(name for name in names if name not in set(ours)), features)


class RebootListener:
    """Answers requests one by one.

    Args:
        listening: the socket, bound and listening.
        spool: the spool for requests.
        targets: the file of targets.
        allowed: uids that may send requests.
    """

    def __init__(self, listening: socket.socket, spool: Spool, targets: Path, allowed: frozenset[int]) -> None:
        self._listening = listening
        self._spool = spool
        self._targets = targets
        self._allowed = allowed

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer requests until `stop` returns true."""
        self._listening.setblocking(False)
        while not stop():
            if not select.select([self._listening], [], [], _TICK)[0]:
                continue
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, ConnectionError):
                continue  # The client did not wait.
            with connection:
                try:
                    send(connection, self.answer(connection), _TIMEOUT)
                except MessageError as error:
                    log.warning("cannot answer a request: %s", error)
            time.sleep(_PAUSE)

    def answer(self, connection: socket.socket) -> dict[str, Any]:
        """The answer to one request: ``request`` and ``strangers`` if it was stored on disk, or ``error``."""
        uid = peer_uid(connection)
        if uid not in self._allowed:
            log.warning("rejected a request of uid %d", uid)
            return {"error": f"uid {uid} may not request reboots"}
        try:
            asked = judge(receive(connection, _TIMEOUT), self._targets)
            return self._keep(asked)
        except (MessageError, RefusedError, OSError) as error:
            log.warning("rejected a request: %s", error)
            return {"error": str(error)}

    def _keep(self, asked: Asked) -> dict[str, Any]:
        if asked.strangers:
            log.warning("%d node(s) are unknown: %s", len(asked.strangers), ",".join(asked.strangers)[:200])
        if not asked.nodes:
            return {"request": "", "strangers": list(asked.strangers)}
        if sum(1 for _ in self._spool.requests.iterdir()) >= _MOST_WAITING:
            raise RefusedError(f"{_MOST_WAITING} requests are already waiting")
        path = self._spool.add(RebootRequest(asked.nodes, time.time(), asked.features))
        log.info("request %s: %d node(s): %s", path.stem, len(asked.nodes), ",".join(asked.nodes)[:200])
        if asked.features:
            log.info("request %s: features %r are ignored; the image defines them", path.stem, asked.features)
        return {"request": path.stem, "strangers": list(asked.strangers)}
