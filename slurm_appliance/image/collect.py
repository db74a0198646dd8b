"""Looks at everything that may refer to an image, and removes what builds left: the execution behind ``image gc``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from slurm_appliance.config import from_stack_file
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image import claims, gc, leftovers
from slurm_appliance.image.api import Api
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.gc import ImageVerdict, Reference
from slurm_appliance.image.stop import Deadline
from slurm_appliance.image.wanted import wanted

#: Seconds that removing what builds left may take.
_LIMIT = 1800.0


def verdicts(
    api: Api, states: Mapping[str, str], stacks: Mapping[str, Path], say: Callable[[str], object]
) -> list[ImageVerdict]:
    """What is to become of each of our images.

    Args:
        api: the cloud.
        states: exported states of stacks.
        stacks: stack files, by what they are called.
        say: told of stack files that cannot be read.
    """
    images = gc.ours(api)
    references = [
        *gc.cloud_references(api),
        *gc.state_references(states, images),
        *gc.config_references({name: path.read_text() for name, path in stacks.items()}, images),
        *build_references(api, stacks, say),
    ]
    return gc.judge(images, references)


def build_references(api: Api, stacks: Mapping[str, Path], say: Callable[[str], object]) -> list[Reference]:
    """The images that stacks' builds would make now: they are used when such a stack comes up again.

    Args:
        api: the cloud.
        stacks: stack files, by what they are called.
        say: told of files that cannot be read: their builds are not known then.
    """
    found = []
    for name, path in stacks.items():
        try:
            config = from_stack_file(path)
            sources = [ImageSource(build=each) for each in config.image_builds]
            wished = wanted(config, sources, api)
        except ApplianceError as error:
            say(f"cannot read the builds of {name}: {str(error).splitlines()[0]}")
            continue
        found += [Reference(f"the build {each.name} of {name}", each.image_name) for each in wished]
    return found


def remove_dead_builds(api: Api, build_folder: BuildFolder, *, kept: bool, say: Callable[[str], None]) -> None:
    """Remove what dead builds left; with ``kept`` also servers that failed builds were told to keep."""
    for claim in claims.listed(api, build_folder):
        if (claim.kept and kept) or not (claim.alive or claim.kept):
            leftovers.remove_abandoned(api, build_folder, claim, Deadline(_LIMIT, "removing leftovers"), say)
        elif claim.kept:
            say(f"keep the server of the failed build {claim.build} of {claim.owner}; --kept-builds removes it")
        else:
            say(f"keep the resources of the build {claim.build} of {claim.owner}: {claim.why}")
