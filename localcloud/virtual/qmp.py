"""QEMU's monitor protocol, as much as it takes to shut a machine down: one JSON object a line."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: Timeout of an answer, in seconds: an emulated machine's monitor waits for its processors.
LIMIT = 10.0


class Monitor:
    """A connection to a machine's monitor.

    Args:
        path: the monitor's socket. It serves one client at a time.

    Raises:
        OSError: nobody listens, or the monitor does not answer.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT)
        try:
            self._socket.connect(str(path))
            self._lines = self._socket.makefile("rb")
            self._lines.readline()  # The greeting.
            self.execute("qmp_capabilities")
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def execute(self, command: str) -> dict[str, Any]:
        """Run a command and return its answer; empty if QEMU ends first or refuses."""
        self._socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "event" not in answer:
                found: dict[str, Any] = answer.get("return", {})
                return found
        return {}
