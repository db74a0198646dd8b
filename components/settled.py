"""Waits for registered resources in a time that grows with their number.

At the end of a program the Pulumi SDK waits for all outputs at once, again after each one that arrives: its time grows
with the square of the number of nodes, to minutes of CPU at a thousand. A program that has waited for its resources
before leaves it nothing to wait for.
"""

import asyncio
from collections.abc import Iterable

import pulumi


async def settled(resources: Iterable[pulumi.Resource]) -> None:
    """Return when all resources are registered, those that failed included: reporting them is the SDK's."""
    await asyncio.gather(*(resource.urn.future() for resource in resources), return_exceptions=True)
