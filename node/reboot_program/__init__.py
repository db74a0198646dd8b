"""Slurm's RebootProgram: a node that Slurm reboots comes back on its target image.

Slurm calls ``slurm-appliance-reboot NODES [FEATURES]`` on the control node, as SlurmUser, and waits for it. So that
call only writes a request to a spool folder (``handover``) and ends. A service (``service``, ``worker``) reads the
spool, looks at each node (``cloud``, ``slurm``, ``targets``), decides (``decide``, a pure function), acts, and follows
the node until Slurm has it back or has a reason why not.

Runs on Python 3.9 (Rocky 9) and newer with the standard library, PyYAML and openstacksdk. Imports nothing
of the deploy host's packages: this folder alone is what the control image carries.
"""
