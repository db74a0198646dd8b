"""The engine's process, which the automation API starts and does not hand out."""

import contextlib
import os
import signal
from pathlib import Path

_NAME = "pulumi"


def interrupt_engine(*, send: bool, folder: str | None = None) -> bool:
    """Ask the engine that this process has started to end in order.

    Args:
        send: send it SIGINT; False where it has got one already, as a second one ends it at once.
        folder: only the engine that works in this folder: a program may run several.

    Returns:
        Whether an engine runs.
    """
    engines = [each for each in _engines() if folder is None or _folder_of(each) == folder]
    if send:
        for engine in engines:
            with contextlib.suppress(ProcessLookupError):  # It ended meanwhile.
                os.kill(engine, signal.SIGINT)
    return bool(engines)


def _folder_of(process: int) -> str:
    with contextlib.suppress(OSError):  # It ended meanwhile.
        return str((Path("/proc") / str(process) / "cwd").readlink())
    return ""


def _engines() -> list[int]:
    """The engines among the processes that this one has started; the kernel need not have a list of these."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # It ended meanwhile.
                before, _, after = (entry / "stat").read_text().rpartition(")")
                if before.partition("(")[2] == _NAME and int(after.split()[1]) == os.getpid():
                    found.append(int(entry.name))
    return found
