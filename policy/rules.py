"""The rules of the policy pack; pure."""

import json
from typing import Any

_COMMAND = "command:local:Command"
_VOLUME = ":Volume"
#: Volumes that outlive the cluster belong to this component.
_STORAGE = "slurm-appliance:index:Storage$"


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


def unprotected_volume(type_: str, urn: str, *, protected: bool) -> bool:
    """Whether a volume outlives the cluster and may be deleted all the same."""
    return type_.endswith(_VOLUME) and _STORAGE in urn and not protected
