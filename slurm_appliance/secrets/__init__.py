"""The cluster's secrets: how they are generated and rotated.

``python -m slurm_appliance.secrets generate NAME`` is in the state of every stack: with another name, every secret of
every cluster would be generated again.
"""
