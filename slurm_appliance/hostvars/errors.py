"""What goes wrong with host variables."""

from slurm_appliance.errors import ApplianceError


class HostVariablesError(ApplianceError, ValueError):
    """Raised for host variables that cannot be exported: the first node and variable that it concerns."""
