"""Slurm's accounting database as the configuration wants it: cluster, QOS, accounts, users, administrators.

``python3 -m slurm_accounting define`` needs slurmdbd alone, so that a partition's QOS is there before slurmctld starts;
``withdraw`` takes jobs and associations from former users. Standard library only, Python 3.9.
"""
