"""Boot of a cluster node: runs the playbooks of its image once, and writes a result that others can wait for.

Standard library only, and Python 3.9 syntax, which the Python of every supported distribution understands.
"""
