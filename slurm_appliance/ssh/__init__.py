"""Connections to nodes: options, host keys, and the consoles that host keys are learnt from."""
