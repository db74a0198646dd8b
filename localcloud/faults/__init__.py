"""Fault switches: make the cloud's real services misbehave on purpose, for the next N calls or until cleared.

Tests (and ``cloud fault``) write switches into one file; each service looks there before it answers, and the compute
driver before it rebuilds or boots a server. Without the file nothing is looked at but its absence.
"""
