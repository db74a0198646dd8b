"""Attacks on a running cluster, by the means that an attacker has: each fails in the way that the docs say."""
