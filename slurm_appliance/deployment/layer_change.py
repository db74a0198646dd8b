"""Whether the site's own layer differs from that of the last run, for the plan. Pure."""

from collections.abc import Mapping
from typing import Any

from slurm_appliance.engine.recorded import recorded_command
from slurm_appliance.errors import Problem
from slurm_appliance.site_layer.layers import DIGEST_VARIABLE, SiteLayer


def layer_notes(deployment: Mapping[str, Any], layer: SiteLayer | None) -> tuple[Problem, ...]:
    """A note if site.yml runs because the layer changed; nothing for a stack in which it has not run."""
    command = recorded_command(deployment, "site")
    if command is None:
        return ()
    environment = (command.get("inputs") or {}).get("environment") or {}
    before = environment.get(DIGEST_VARIABLE) if isinstance(environment, Mapping) else None
    now = layer.digest if layer else None
    if before == now:
        return ()
    what = "is new" if before is None else "is gone" if now is None else "changed"
    return (Problem("layer", f"the site's own layer {what}: site.yml runs", "see docs/site-layer.md"),)
