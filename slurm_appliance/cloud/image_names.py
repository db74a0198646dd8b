"""The names by which everything of a build is found again, whoever looks, whatever became of the build."""

import secrets
from datetime import UTC, datetime

#: Tag in Glance of finished images of ours. Snapshots that users take of their servers inherit properties, never tags.
IMAGE_TAG = "slurm-appliance-image"
#: Tag in Glance of the marks of builds under way.
CLAIM_TAG = "slurm-appliance-claim"

#: Prefix of the image properties that we set.
PROPERTY = "slurm_appliance_"


def new_build_id() -> str:
    """An id for a build: when it began, in UTC, and something random."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def resource_name(build: str) -> str:
    """The name of everything that a build creates: server, port, security group, volume, half-made image."""
    return f"slurm-appliance-build-{build}"
