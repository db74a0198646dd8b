"""Tempest, OpenStack's own integration tests, against the local cloud: a judgement that is not ours.

What does not pass is listed in known-failures.txt, each with its reason. The list only shrinks: a test that fails
without being listed is an error, and so is one that passes although it is listed.
"""
