"""Rolling re-image: brings compute nodes to their target image through Slurm, a few at a time, without losing a job.

``plan`` decides (pure: from facts and records to new records and actions); ``drive`` polls, writes the ``journal``,
acts and polls again, until the plan says it is done. Slurm (``control``) drains nodes, the RebootProgram on the control
node rebuilds them: they finish what a killed rollout has left in progress.
"""
