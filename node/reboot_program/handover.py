"""``slurm-appliance-reboot NODES [FEATURES]``: run by Slurm as SlurmUser. Sends the request to the worker and exits.

slurmctld waits for this program, so it neither imports openstacksdk nor contacts the cloud. Exit status 0: the worker
has stored the request on disk and will process it. Otherwise the nodes are taken out of service with the reason,
because nothing else would report why they never reboot.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .holding import FailureNotice
from .hostlist import HostlistError, expand
from .log import log, start_logging
from .messages import MessageError, ask
from .settings import SettingsError, read_settings, settings_file
from .slurm import Slurm, SlurmError
from .slurm_state import REASON_PREFIX

_USAGE = "usage: slurm-appliance-reboot NODES [FEATURES]"
#: Timeout for the worker's answer in seconds: enough for a restart of the worker.
_TIMEOUT = 30.0
_NO_TARGET = "the control node has no record of this node's server and image: run site.yml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Send one request; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    start_logging()
    if not given or len(given) > 2 or given[0].startswith("-"):
        log.error(_USAGE)
        return 2
    try:
        nodes = expand(given[0])
    except HostlistError as error:
        log.error("%s; Slurm will set the nodes DOWN after ResumeTimeout", error)
        return 1
    try:
        answer = ask(
            read_settings(settings_file()).requests,
            {"nodes": given[0], "features": given[1] if len(given) == 2 else ""},
            _TIMEOUT,
        )
    except (SettingsError, MessageError) as error:
        return _refuse(nodes, f"the request cannot be delivered: {error}")
    if "error" in answer:
        return _refuse(nodes, f"the request was rejected: {answer['error']}")
    if answer["strangers"]:
        return _refuse(answer["strangers"], _NO_TARGET)
    log.info("request %s: delivered: %s", answer["request"], given[0])
    return 0


def _refuse(nodes: Sequence[str], reason: str) -> int:
    log.error("%s", reason)
    try:
        Slurm().tell(nodes, FailureNotice.TAKE_OUT, REASON_PREFIX + reason)
    except SlurmError as error:
        log.error("cannot update Slurm: %s", error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
