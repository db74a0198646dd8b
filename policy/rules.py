"""The rules of the policy pack; pure."""

import json
from typing import Any

_COMMAND = "command:local:Command"
#: What outlives the cluster: each type with the component that it belongs to.
_KEPT = {":Volume": "slurm-appliance:index:Storage$", ":Share": "slurm-appliance:index:Shares$"}


def publishes_image(type_: str, request: Any) -> bool:
    """Whether a command builds an image that every project sees.

    Args:
        type_: the resource's type.
        request: what the command reads; not a text if it is not known yet.
    """
    if type_ != _COMMAND or not isinstance(request, str):
        return False
    try:
        document = json.loads(request)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("visibility") == "public"


def unprotected_data(type_: str, urn: str, *, protected: bool) -> bool:
    """Whether a volume or a share outlives the cluster and may be deleted all the same."""
    kept = any(type_.endswith(ending) and component in urn for ending, component in _KEPT.items())
    return kept and not protected
