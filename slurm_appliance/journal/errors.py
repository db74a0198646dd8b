"""What goes wrong with state and journal."""

from slurm_appliance.errors import ApplianceError


class JournalError(ApplianceError):
    """Raised when a state cannot be had for us alone, or its journal does not fit it."""
