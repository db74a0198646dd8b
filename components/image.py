"""Images that the stack has built: one command each, which makes the image, or finds it made.

Where the image exists when the program runs, its id is known in the preview already, and whatever else differs of the
command is ignored: it has nothing to do. Where it does not, the command is new or changed in any case, so that it runs:
also where it ran before and somebody has deleted the image since.
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

#: What of a command is not looked at where the image exists.
_IRRELEVANT = ("create", "update", "stdin", "environment")


class Image(pulumi.ComponentResource):
    """One image that the stack has built.

    Attributes:
        image_id: its id; a plain text where it is known before anything runs.
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
        """Have the image of a build.

        Args:
            wanted: the build.
            network: id of the build server's network, where the stack makes it.
            depends_on: what has to be there before.
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
            # The provider's cloud, whatever the environment of the engine says.
            environment["OS_CLOUD"] = cloud
        if wanted.force:
            environment[FORCE] = "1"
        secret = bool(wanted.build.sources.password)
        self.command = module_command(
            f"image-{wanted.name}",
            "slurm_appliance.image_build",
            self,
            request=pulumi.Output.secret(request) if secret else request,
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
        wanted: the builds, each after the one that it starts from.
        parent: the component that they belong to.
        network: ids of networks that the stack makes, by name.
        depends_on: what has to be there before any build.
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
