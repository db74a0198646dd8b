"""A site's own layer beside its stack files: hooks, roles, files and group_vars for all three sequences."""
