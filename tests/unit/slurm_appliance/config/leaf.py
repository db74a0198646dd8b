"""A setting that is changed in a test, and the places where that shows."""

from dataclasses import dataclass, field
from typing import Any

from tests.unit.slurm_appliance.config.examples import LARGEST

INSTANCE = "compute/instance:Instance"
PORT = "networking/port:Port"
VOLUME = "blockstorage/volume:Volume"
SHARE = "sharedfilesystem/share:Share"
SHARE_ACCESS = "sharedfilesystem/shareAccess:ShareAccess"
SUBNET = "networking/subnet:Subnet"
NETWORK = "networking/network:Network"
RULE = "networking/secGroupRule:SecGroupRule"
KEY = LARGEST["key_pair"]["public_key"]
OTHER_KEY = KEY.replace("AAAAC3", "AAAAC4")
MANAGED_BUILD = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}


@dataclass(frozen=True)
class Leaf:
    """One setting.

    Attributes:
        value: what it is changed to.
        place: where that shows.
        given: settings that have to be there for it.
    """

    value: Any
    place: str
    given: dict[str, Any] = field(default_factory=dict)


def merged(one: Any, other: Any) -> Any:
    """Mappings, the one laid over the other."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **other, **{key: merged(one[key], other[key]) for key in one.keys() & other.keys()}}
    return other
