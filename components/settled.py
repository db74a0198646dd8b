"""Waits for registered resources in linear time.

At the end of a program, the Pulumi SDK waits for all outputs again after each output that arrives: its time grows with
the square of the number of nodes, to minutes of CPU time at a thousand. Waiting here first leaves the SDK nothing to
wait for.
"""

import asyncio
from collections.abc import Iterable

import pulumi


async def settled(resources: Iterable[pulumi.Resource]) -> None:
    """Return when all resources are registered, including failed ones: the SDK reports those."""
    await asyncio.gather(*(resource.urn.future() for resource in resources), return_exceptions=True)
