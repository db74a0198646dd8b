"""Renders a configuration's Slurm files and tests them on the deploy host, as the control node does."""
