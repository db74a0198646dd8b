"""Images built by the stack: one command per image, which builds the image or finds an existing one.

If the image exists when the program runs, the preview already knows its ID, and other changes of the command are
ignored: it has nothing to do. If not, the command is new or changed, so it runs; this includes an image that somebody
deleted after an earlier run.
"""

import dataclasses
import json
import uuid
from collections.abc import Mapping, Sequence

import pulumi

from components.command import module_command
from components.kind import token
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image.settings import FORCE
from slurm_appliance.image.wanted import Wanted

#: Inputs of a command that are ignored if the image exists.
_IRRELEVANT = ("create", "update", "stdin", "environment")


class Image(pulumi.ComponentResource):
    """One image built by the stack.

    Attributes:
        image_id: its ID; a plain string if it is known before anything runs.
    """

    image_id: pulumi.Input[str]

    def __init__(
        self,
        wanted: Wanted,
        *,
        network: pulumi.Input[str] | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the image if it does not exist.

        Args:
            wanted: the build.
            network: ID of the build server's network, if the stack creates it.
            depends_on: resources that must exist first.
            opts: the component's options.
        """
        super().__init__(token("Image"), f"image-{wanted.name}", {}, opts)
        request = dataclasses.asdict(wanted.build)
        if network is not None:
            request["machine"]["network"] = network
        exists = wanted.image_id is not None
        environment = {"SLURM_APPLIANCE_IMAGE": wanted.image_name}
        if not exists:
            environment["SLURM_APPLIANCE_IMAGE_ATTEMPT"] = uuid.uuid4().hex
        cloud = pulumi.Config("openstack").get("cloud")
        if cloud is not None:
            # The provider's cloud, independent of the engine's environment variables.
            environment["OS_CLOUD"] = cloud
        if wanted.force:
            environment[FORCE] = "1"
        self.command = module_command(
            f"image-{wanted.name}",
            "slurm_appliance.image_build",
            self,
            request=pulumi.Output.secret(request) if wanted.build.sources.secret else request,
            environment=environment,
            depends_on=depends_on,
            ignore_changes=_IRRELEVANT if exists else (),
        )
        if wanted.image_id is not None:
            self.image_id = wanted.image_id
        else:
            self.image_id = self.command.stdout.apply(lambda text: str(json.loads(text)["image_id"]))
        self.register_outputs({})


def cluster_images(
    wanted: Sequence[Wanted],
    parent: pulumi.Resource,
    *,
    network: Mapping[str, pulumi.Input[str]],
    depends_on: Sequence[pulumi.Resource] = (),
) -> dict[ImageSource, pulumi.Input[str]]:
    """The ids of built images.

    Args:
        wanted: the builds, each after its base build.
        parent: the parent component.
        network: IDs of networks that the stack creates, by name.
        depends_on: resources that must exist before any build.
    """
    made: dict[str, Image] = {}
    for each in wanted:
        base = [made[each.base_build].command] if each.base_build else []
        made[each.name] = Image(
            each,
            network=network.get(each.build.machine.network),
            depends_on=[*depends_on, *base],
            opts=pulumi.ResourceOptions(parent=parent),
        )
    return {ImageSource(build=name): image.image_id for name, image in made.items()}
