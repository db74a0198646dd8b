"""Slurm's configuration on the control node: tried by Slurm's own daemons, exchanged at once, taken back if it fails.

Standard library only, for the node's Python (3.9 or newer).
"""
