"""Slurm's RebootProgram: a node that Slurm reboots comes back on its target image.

Slurm calls ``slurm-appliance-reboot NODES [FEATURES]`` on the control node, as SlurmUser, and waits for it. So that
call only sends the request to the service's socket (``handover``) and ends. The service runs as a user of its own,
which alone reads the cloud's credential. It writes requests to its spool folder (``listener``), looks at each node
(``cloud``, ``slurm``, ``targets``), decides (``decide``, a pure function), acts, and follows the node until Slurm has
it back or has a reason why not. States of nodes are set by a helper that runs as SlurmUser (``teller``).

Runs on Python 3.9 (Rocky 9) and newer with the standard library, PyYAML and openstacksdk. Imports nothing
of the deploy host's packages: this folder alone is what the control image carries.
"""
