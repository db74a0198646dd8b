"""Drops the Pulumi SDK's debug messages about itself.

The SDK sends four debug messages per resource to the engine and waits for each answer: a fifth of the time of an update
with nothing to do. The engine discards them unless it was started with ``--debug``, which a program cannot detect.
"""

import os
from collections.abc import Mapping

import pulumi

#: Environment variable: set it to see the SDK's messages in ``pulumi preview --debug``.
WANTED = "SLURM_APPLIANCE_SDK_DEBUG"


def leave_out_debug(given: Mapping[str, str] | None = None) -> None:
    """Drop the SDK's debug messages unless they are wanted; all other messages are kept.

    Args:
        given: the environment; this process's by default.
    """
    if not (os.environ if given is None else given).get(WANTED):
        pulumi.log.debug = _dropped


def _dropped(
    msg: str,
    resource: pulumi.Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,
) -> None:
    pass
