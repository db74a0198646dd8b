"""An environment's folder on the deploy host. ``python -m slurm_appliance.environment`` is in stacks' states."""
