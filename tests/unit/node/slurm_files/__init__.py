"""Slurm's files on the control node."""
