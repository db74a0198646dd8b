"""The connection to the cloud: opened on first use, and again after the credential was rejected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from .facts import NodeServer, TargetImage


class CloudCalls(Protocol):
    """The calls to the cloud; implemented by `cloud.Cloud`."""

    def server(self, server_id: str) -> NodeServer | None:
        """See `cloud.Cloud.server`."""

    def image(self, image_id: str) -> TargetImage | None:
        """See `cloud.Cloud.image`."""

    def rebuild(self, server: NodeServer, image_id: str) -> str:
        """See `cloud.Cloud.rebuild`."""

    def reboot(self, server: NodeServer, *, hard: bool) -> str:
        """See `cloud.Cloud.reboot`."""


class Connection:
    """One connection for all threads.

    Args:
        connect: opens it; raises `CloudCallError` on failure.
    """

    def __init__(self, connect: Callable[[], CloudCalls]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._cloud: CloudCalls | None = None

    def cloud(self) -> CloudCalls:
        """The cloud, opened if needed."""
        with self._lock:
            if self._cloud is None:
                self._cloud = self._connect()
            return self._cloud

    def forget(self) -> None:
        """Reopen it on the next use: the stack may have rotated the credential."""
        with self._lock:
            self._cloud = None
