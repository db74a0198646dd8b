"""Connections to nodes: options, host keys, and the consoles from which host keys are read."""
