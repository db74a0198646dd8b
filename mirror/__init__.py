"""The snapshot mirror: a Pulp server of our own with time-stamped copies of package repositories for image builds.

Optional. `service` starts and stops it, `sync` and `publish` create snapshots with its REST API; the supervisor and its
processes run independently of the command line. This package imports nothing of the project except ``toolchain``.
"""
