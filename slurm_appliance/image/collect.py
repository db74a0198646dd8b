"""Collects references to images and removes leftovers of builds: the execution part of ``image gc``."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from slurm_appliance.config import from_stack_file
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import ApplianceError
from slurm_appliance.image import claims, gc, leftovers
from slurm_appliance.image.api import Api
from slurm_appliance.image.claims import BuildFolder
from slurm_appliance.image.gc import ImageVerdict, Reference
from slurm_appliance.image.images import all_facts
from slurm_appliance.image.stop import Deadline
from slurm_appliance.image.wanted import wanted
from slurm_appliance.site_layer.layers import layer_of_file

#: Timeout for removing leftovers, in seconds.
_LIMIT = 1800.0


def verdicts(
    api: Api,
    states: Mapping[str, str],
    stacks: Mapping[str, Path],
    say: Callable[[str], object],
    since: datetime | None = None,
) -> list[ImageVerdict]:
    """A verdict on each of our images.

    Args:
        api: the cloud.
        states: exported states of stacks.
        stacks: stack files, by name.
        say: called with stack files that cannot be read.
        since: images that are newer than this are kept.
    """
    images = gc.ours(api)
    references = [
        *gc.cloud_references(api),
        *gc.state_references(states, images),
        *gc.config_references({name: path.read_text() for name, path in stacks.items()}, images),
        *build_references(api, stacks, say),
        *(gc.young_references(images, since) if since else ()),
    ]
    return gc.judge(images, references)


def build_references(api: Api, stacks: Mapping[str, Path], say: Callable[[str], object]) -> list[Reference]:
    """The images that stacks' builds would create now: the next ``up`` of such a stack uses them.

    Args:
        api: the cloud.
        stacks: stack files, by name.
        say: called with files that cannot be read, whose builds are then unknown.
    """
    found = []
    known = all_facts(api)
    for name, path in stacks.items():
        try:
            config = from_stack_file(path)
            sources = [ImageSource(build=each) for each in config.image_builds]
            layer = layer_of_file(path)
            wished = wanted(config, sources, known, layer=layer.image if layer else None)
        except ApplianceError as error:
            say(f"cannot read the builds of {name}: {str(error).splitlines()[0]}")
            continue
        found += [Reference(f"the build {each.name} of {name}", each.image_name) for each in wished]
    return found


def remove_dead_builds(api: Api, build_folder: BuildFolder, *, kept: bool, say: Callable[[str], None]) -> None:
    """Remove leftovers of dead builds; with ``kept`` also servers kept after failures."""
    for claim in claims.listed(api, build_folder):
        if (claim.kept and kept) or not (claim.alive or claim.kept):
            leftovers.remove_abandoned(api, build_folder, claim, Deadline(_LIMIT, "removing leftovers"), say)
        elif claim.kept:
            say(f"keep the server of the failed build {claim.build} of {claim.owner}; --kept-builds removes it")
        else:
            say(f"keep the resources of the build {claim.build} of {claim.owner}: {claim.why}")
