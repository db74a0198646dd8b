"""Rolling re-image: brings compute nodes to their target image through Slurm, a few at a time, without losing a job.

``plan`` decides (pure: facts and what is known of each node in; new records and actions out); ``drive`` looks, writes
the ``journal``, acts and looks again, until the plan says it is over. Slurm (``control``) does the draining, the
RebootProgram on the control node the rebuilding: what a killed rollout leaves under way, they end without it.
"""
