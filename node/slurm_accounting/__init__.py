"""Applies the configuration to Slurm's accounting database: cluster, QOS, accounts, users, administrators.

``python3 -m slurm_accounting define`` needs only slurmdbd, so that a partition's QOS exists before slurmctld starts;
``withdraw`` removes jobs and associations of former users. Standard library only, Python 3.9.
"""
