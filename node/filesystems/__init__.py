"""Mounts a node's file systems with systemd's units, and unmounts those that are no longer wanted.

Everything is decided by pure functions (units.py, plan.py). Units that this program wrote have its mark in their first
line: it changes and removes no others.
"""
