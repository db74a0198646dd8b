"""The commands ``up``, ``preview``, ``destroy`` and ``status``: pure plans, and thin parts that execute them.

steps        the engine's actual or planned steps, as plain data
image_plan   each node's current and target image, and the effect on the node; pure
disruption   which of the engine's steps are disruptive; pure
repair       leftovers of an interrupted run, and a state made stale by Slurm's rebuilds; pure
healing      executes a repair
progress     steps as lines with times
session      one stack, ready to run operations on
"""
