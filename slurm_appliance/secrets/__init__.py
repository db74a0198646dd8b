"""The cluster's secrets: how each is made, and how they are rotated.

``python -m slurm_appliance.secrets generate NAME`` is in the state of every stack: another name would make every
secret of every cluster anew.
"""
