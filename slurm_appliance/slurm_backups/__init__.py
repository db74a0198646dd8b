"""Backups of Slurm's state, which the control node makes before another release of Slurm converts it."""
