"""The servers' side of stopping a cloud: containers, networks, loop devices."""

from localcloud.control.layout import Layout


def release(layout: Layout) -> None:
    """End every server and take away its mounts, interfaces, control groups and loop devices; keep its files."""
