"""Applies the configuration to Slurm's accounting database: cluster, QOS, accounts, users, administrators.

``python3 -m slurm_accounting define`` needs only slurmdbd, so that a partition's QOS exists before slurmctld starts;
``withdraw`` removes what ``define`` recorded as not wanted any more, as far as jobs allow. Standard library only,
Python 3.9.
"""
