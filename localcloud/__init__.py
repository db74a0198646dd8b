"""A real OpenStack on one machine whose servers boot: the embedded default and the test bed."""
