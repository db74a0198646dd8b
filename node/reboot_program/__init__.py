"""Slurm's RebootProgram: a node that Slurm reboots comes back with its target image.

Slurm calls ``slurm-appliance-reboot NODES [FEATURES]`` on the control node as SlurmUser and waits for it. So that call
only sends the request to the service's socket (``handover``) and exits. The service runs as a separate user, who alone
can read the cloud's credential. It writes requests to its spool folder (``listener``), gathers facts about each node
(``cloud``, ``slurm``, ``targets``), decides (``decide``, a pure function), acts, and follows the node until it is back
in Slurm or Slurm has a reason why not. A helper that runs as SlurmUser changes node states (``teller``).

Runs with Python 3.9 (Rocky 9) or newer, the standard library, PyYAML and openstacksdk. Imports none of the deploy
host's packages: the control image contains only this folder.
"""
