"""Pulumi component resources: what exists in the cloud, one concept per file."""
