"""A real OpenStack on one machine with servers that boot: for trials and tests."""
