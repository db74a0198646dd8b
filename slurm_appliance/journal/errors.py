"""Errors of state and journal."""

from slurm_appliance.errors import ApplianceError, ExitStatus


class JournalError(ApplianceError):
    """Raised when a state cannot be locked, or its journal does not match it."""


class LockedError(JournalError):
    """Raised when the stack is locked."""

    exit_status = ExitStatus.LOCKED


class LockLostError(JournalError):
    """Raised when a running command lost its lock."""
