"""Checks that look at more than one setting, by subject as in `slurm_appliance.config.checks`."""
