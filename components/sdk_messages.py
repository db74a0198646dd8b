"""Leaves out what the Pulumi SDK says about itself.

It sends four debug messages a resource to the engine, and waits for the answer to each before the program goes on: a
fifth of the time of an update with nothing to do. The engine throws them away unless it was started with ``--debug``,
which a program cannot see.
"""

import os
from collections.abc import Mapping

import pulumi

#: Environment variable: set it to have the SDK's messages in ``pulumi preview --debug``.
WANTED = "SLURM_APPLIANCE_SDK_DEBUG"


def leave_out_debug(given: Mapping[str, str] | None = None) -> None:
    """Have the SDK send no debug messages, unless they are wanted; all others stay.

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
