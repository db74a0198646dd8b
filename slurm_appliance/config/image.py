"""Which image the nodes boot, and the builds that images come from."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.image_build import ImageBuildConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import LIVE, REBUILD
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import Key, Uuid


class ImageConfig(Section):
    """Image. Exactly one of cluster_image and cluster_image_id says what nodes boot; groups may differ."""

    cluster_image: Annotated[ImageSource | None, REBUILD] = Field(
        None,
        description="Image of all nodes: an id, a name, or {build: NAME} for one of image_builds. Changing it rebuilds "
        "control and login nodes in place; groups with ignore_image_changes follow when Slurm reboots their nodes.",
        examples=[{"build": "fat"}],
    )
    cluster_image_id: Annotated[Uuid | None, REBUILD] = Field(
        None,
        description="The same by id only: the name that users of the reference appliance know.",
        examples=["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"],
    )
    image_builds: Annotated[Mapping[Key, ImageBuildConfig], Keyed("build", "fat"), LIVE] = Field(
        {},
        description="Image builds by name. An image is built when something refers to its build and no image with the "
        "same content exists yet.",
    )
