"""The accounts of a node: the deploy user, and the cluster's users.

``python3 -m accounts deploy-user`` and ``python3 -m accounts users`` (see ``__main__``) bring a node's account files,
home directories and ssh keys to what a request on standard input asks for. Standard library only, Python 3.9.
"""
