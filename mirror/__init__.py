"""The snapshot mirror: a Pulp server of our own whose time-stamped copies of package repositories image builds pin.

Optional. `service` starts and stops it, `sync` and `publish` make snapshots over its REST API; the supervisor and all
that it starts run apart from the command line. Nothing here imports the rest of the project but ``toolchain``.
"""
