"""Slurm's state as metrics for Prometheus, by the node exporter's textfile collector.

Standard library only, and Python 3.9 syntax. Run on the control node by a timer; two calls of Slurm a run, whatever the
number of nodes and jobs.
"""
