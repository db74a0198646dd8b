"""Errors of host variables."""

from slurm_appliance.errors import ApplianceError


class HostVariablesError(ApplianceError, ValueError):
    """Raised for host variables that cannot be exported: has the first affected node and variable."""
