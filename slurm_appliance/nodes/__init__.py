"""What nodes are in the cloud: groups, names, user data, volumes, access rules. Pure."""
