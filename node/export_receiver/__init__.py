"""Takes the archive of all compute nodes' variables on the control node: ``slurm-appliance-receive-export < archive``.

``archive`` reads it, ``receiver`` puts its files in place, ``folders`` and ``reload`` say what holds for that. Standard
library only, and Python 3.9 syntax. The form of the archive is described in slurm_appliance/hostvars/export.py.
"""
