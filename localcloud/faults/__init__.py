"""Injected faults: make the cloud's real services misbehave on purpose, for the next N calls or until cleared.

Tests (and ``cloud fault``) write faults to one file; each service checks it before it answers, and the compute driver
before it rebuilds or boots a server. Without the file, the only cost is checking that it is absent.
"""
