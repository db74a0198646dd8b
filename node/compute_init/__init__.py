"""Sets up a compute node at each boot: fetches its variables, runs the roles of its group, rejoins Slurm.

Standard library only, and Python 3.9 syntax. docs/site.md describes the outcomes.
"""
