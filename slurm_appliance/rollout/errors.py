"""What goes wrong with a rollout."""

from slurm_appliance.errors import ApplianceError


class RolloutError(ApplianceError):
    """Raised when a rollout ends with nodes that are not done, or cannot begin."""


class ControlNodeError(ApplianceError):
    """Raised when the control node, or slurmctld on it, cannot be asked; it may only be away for a while."""
