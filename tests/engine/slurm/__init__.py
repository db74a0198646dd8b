"""Slurm's own daemons judge Slurm's files."""
