"""Errors of a site's own layer."""

from slurm_appliance.errors import ApplianceError

#: The page that explains the layer.
PAGE = "docs/site-layer.md"


class SiteLayerError(ApplianceError, ValueError):
    """Raised for a layer that cannot be used: has the file or folder."""
