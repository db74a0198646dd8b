"""The sockets of the RebootProgram as systemd has them: one is handed over, one starts a helper for each call."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

#: As systemd does it: the socket is file 3, and the process id is the program's own.
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


class RebootSockets:
    """Both sockets, in a folder, listening before anything is started.

    Args:
        folder: where they are.
        python: the interpreter of both programs.
        environment: of the helper.
        helper_user: uid that the helper runs as; None for this user.
    """

    def __init__(
        self, folder: Path, python: str, environment: Mapping[str, str], helper_user: int | None = None
    ) -> None:
        self.requests = folder / "requests.sock"
        self.helper = folder / "helper.sock"
        self._python = python
        self._environment = dict(environment)
        self._helper_user = helper_user
        self._requests = self._listen(self.requests)
        self._helper = self._listen(self.helper)
        self._thread = Thread(target=self._help, name="helper")
        self._thread.start()

    def service(
        self, environment: Mapping[str, str], *arguments: str, user: int | None = None, log: int | None = None
    ) -> subprocess.Popen[str]:
        """Start the service with its socket handed over; its messages go to `log`, or to a pipe."""
        command = [self._python, "-m", "reboot_program.service", *arguments]
        return subprocess.Popen(
            [self._python, "-c", _HAND_OVER, str(self._requests.fileno()), *command],
            env=dict(environment),
            pass_fds=(self._requests.fileno(),),
            cwd="/",
            stderr=subprocess.PIPE if log is None else log,
            text=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def close(self) -> None:
        """End listening; calls under way end first."""
        self._helper.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._helper.close()
        self._requests.close()

    def _listen(self, path: Path) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        path.chmod(0o666)  # Who may ask is for the programs to check.
        listening.listen(64)
        return listening

    def _help(self) -> None:
        user = self._helper_user
        while True:
            try:
                connection, _ = self._helper.accept()
            except OSError:
                return
            with connection:
                command = [self._python, "-m", "reboot_program.teller"]
                subprocess.run(
                    command,
                    env=self._environment,
                    cwd="/",
                    stdin=connection.fileno(),
                    timeout=60,
                    check=False,
                    user=user,
                    group=user,
                    extra_groups=None if user is None else [],
                )
