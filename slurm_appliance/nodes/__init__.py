"""Nodes in the cloud: groups, names, user data, volumes, access rules. Pure."""
