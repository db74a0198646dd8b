"""The command line's commands. They must import fast: each imports what it needs when it runs."""
