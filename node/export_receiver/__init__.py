"""Receives the archive of compute nodes' variables on the control node: ``slurm-appliance-receive-export < archive``.

``archive`` reads it, ``receiver`` installs its files, ``folders`` and ``reload`` have the details. Standard library
only, and Python 3.9 syntax. slurm_appliance/hostvars/export.py describes the archive's format.
"""
