"""What the commands ``up``, ``preview``, ``destroy`` and ``status`` do: pure plans, and thin parts that carry them out.

steps        what the engine does, or would do, as plain data
image_plan   each node's image now and next, and what that does to the node; pure
disruption   which of the engine's steps somebody would notice; pure
repair       what an interrupted run left behind, and a state that Slurm's rebuilds have left old; pure
healing      carries out a repair
progress     steps as lines with times
session      one stack, ready to run operations on
"""
