"""What goes wrong with state and journal."""

from slurm_appliance.errors import ApplianceError, ExitStatus


class JournalError(ApplianceError):
    """Raised when a state cannot be had for us alone, or its journal does not fit it."""


class LockedError(JournalError):
    """Raised when somebody else uses the stack."""

    exit_status = ExitStatus.LOCKED


class LockLostError(JournalError):
    """Raised when somebody took away the lock of a run that still lives."""
