"""Names that identify all resources of a build, on any machine and in any state of the build."""

import secrets
from datetime import UTC, datetime

#: Glance tag of our finished images. Users' snapshots of servers inherit properties, but not tags.
IMAGE_TAG = "slurm-appliance-image"
#: Glance tag of the marks of running builds.
CLAIM_TAG = "slurm-appliance-claim"

#: Prefix of the image properties that we set.
PROPERTY = "slurm_appliance_"


def new_build_id() -> str:
    """An ID for a build: its start time in UTC, and a random part."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def resource_name(build: str) -> str:
    """The name of all resources of a build: server, port, security group, volume, incomplete image."""
    return f"slurm-appliance-build-{build}"
