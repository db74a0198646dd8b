"""Show the services' logs."""

import os

from localcloud.errors import NotFoundError, NotRunningError
from localcloud.host.layout import CloudLayout
from localcloud.host.programs import program


def show(layout: CloudLayout, service: str, *, lines: int, follow: bool) -> None:
    """Replace this process with ``tail`` on one service's log, or on all logs.

    Raises:
        NotFoundError: the service does not exist.
        NotRunningError: there are no logs.
    """
    found = sorted(path.stem for path in layout.log.glob("*.log")) if layout.log.is_dir() else []
    if not found:
        raise NotRunningError(
            "there are no logs", where=str(layout.root), remedy="start the cloud with `slurm-appliance cloud up`"
        )
    if service and service not in found:
        raise NotFoundError(f"no log for {service!r}", remedy=f"one of {', '.join(found)}")
    files = [str(layout.service_log(name)) for name in ([service] if service else found)]
    arguments = ["tail", f"--lines={lines}", *(["--follow=name", "--retry"] if follow else []), *files]
    os.execv(program("tail"), arguments)  # noqa: S606 - what an operator would type
