"""Acceptance tests of a running cluster, from its users' point of view.

``remote`` runs on a login node and gathers facts; ``judge`` turns facts into verdicts, without any access; ``run``
combines the two.
"""
