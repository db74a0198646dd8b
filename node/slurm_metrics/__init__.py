"""Slurm's state as metrics for Prometheus, for the node exporter's textfile collector.

Standard library only, and Python 3.9 syntax. A timer runs it on the control node; each run makes two Slurm calls, for
any number of nodes and jobs.
"""
