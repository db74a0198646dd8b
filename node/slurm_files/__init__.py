"""Slurm's configuration on the control node: tested with Slurm's daemons, exchanged atomically, rolled back on failure.

Standard library only, for the node's Python (3.9 or newer).
"""
