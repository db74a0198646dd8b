"""Errors of a rollout."""

from slurm_appliance.errors import ApplianceError


class RolloutError(ApplianceError):
    """Raised when a rollout cannot start, or ends with unfinished nodes."""


class ControlNodeError(ApplianceError):
    """Raised when the control node, or slurmctld on it, does not respond; this may be temporary."""
