"""Slurm's files of a configuration, rendered and tried on the deploy host as the control node does it."""
