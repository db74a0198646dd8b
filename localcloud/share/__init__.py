"""Shares of the local cloud: folders on this machine, and the driver that makes them for Manila."""
