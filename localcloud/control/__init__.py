"""The operator's side of the cloud: install, configure, start, watch and stop its services."""
