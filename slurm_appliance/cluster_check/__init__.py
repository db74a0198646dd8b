"""Acceptance tests of a running cluster, as its users see it: what is looked at, and what that means.

``remote`` runs on a login node and gathers facts; ``judge`` turns facts into passes and failures, without any access;
``run`` brings the two together.
"""
