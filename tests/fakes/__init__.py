"""Stand-ins for services, for tests and benchmarks."""
