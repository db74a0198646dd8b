"""The accounts of a node: the deploy user, and the cluster's users.

``python3 -m accounts deploy-user`` and ``python3 -m accounts users`` (see ``__main__``) apply a request on standard
input to a node's account files, home directories and ssh keys. Standard library only, Python 3.9.
"""
