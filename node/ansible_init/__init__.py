"""Boot of a cluster node: run the playbooks of its image once, and leave a result that others can wait for.

Standard library only, and Python 3.9 syntax: the newest that every supported distribution's own Python understands.
"""
