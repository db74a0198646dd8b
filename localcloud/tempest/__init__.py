"""Tempest, OpenStack's own integration tests, run against the local cloud: an independent check.

known-failures.txt lists the tests that fail, each with a reason. The list may only shrink: an unlisted failure is an
error, and so is a listed test that passes.
"""
