"""``slurm-appliance-reboot NODES [FEATURES]``: what Slurm runs. Writes the request down and ends.

slurmctld waits for this program, so it neither imports openstacksdk nor talks to anyone. Exit status 0: the request is
on disk and will be worked off. Otherwise the nodes are taken out of service with the reason, since nobody else would
say why they never reboot.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from .holding import Step
from .hostlist import HostlistError, expand
from .log import log, start_logging
from .settings import SettingsError, read_settings, settings_file
from .slurm import Slurm, SlurmError
from .slurm_state import REASON_PREFIX
from .spool import Request, Spool

_USAGE = "usage: slurm-appliance-reboot NODES [FEATURES]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Hand one request over; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    start_logging()
    if not given or len(given) > 2 or given[0].startswith("-"):
        log.error(_USAGE)
        return 2
    features = given[1] if len(given) == 2 else ""
    try:
        nodes = expand(given[0])
    except HostlistError as error:
        log.error("%s; Slurm will set the nodes DOWN after ResumeTimeout", error)
        return 1
    try:
        settings = read_settings(settings_file())
        path = Spool(settings.spool).add(Request(tuple(nodes), time.time(), features))
    except (SettingsError, OSError) as error:
        return _refuse(nodes, f"{REASON_PREFIX}the request cannot be kept: {error}")
    log.info("request %s: %d node(s): %s", path.stem, len(nodes), given[0])
    if features:
        log.info("request %s: features %r are left to the image; they choose nothing here", path.stem, features)
    return 0


def _refuse(nodes: Sequence[str], reason: str) -> int:
    log.error("%s", reason)
    try:
        Slurm().tell(nodes, Step.TAKE_OUT, reason)
    except SlurmError as error:
        log.error("Slurm could not be told: %s", error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
