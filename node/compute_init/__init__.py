"""A compute node sets itself up at each boot: fetches its own variables, runs the roles of its group, rejoins Slurm.

Standard library only, and Python 3.9 syntax. What each outcome means is described in docs/site.md.
"""
