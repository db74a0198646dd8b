"""``slurm-appliance demo``: a cluster on the local cloud, a job, a new image, a rollout."""
